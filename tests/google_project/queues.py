"""Cloud Tasks, as far as queues go."""

from functools import partial

import grpc
from google.cloud import tasks_v2
from google.protobuf.empty_pb2 import Empty

from tests.google_project.call import Message, Methods, masked, no, require_location
from tests.google_project.policies import Policies
from tests.google_project.state import State


class Queues:
    def __init__(self, project: State) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = tasks_v2
        return {
            "CreateQueue": (types.CreateQueueRequest, self.create),
            "GetQueue": (types.GetQueueRequest, self.get),
            "UpdateQueue": (types.UpdateQueueRequest, self.update),
            "DeleteQueue": (types.DeleteQueueRequest, self.delete),
            "PauseQueue": (types.PauseQueueRequest, partial(self.turn, state=types.Queue.State.PAUSED)),
            "ResumeQueue": (types.ResumeQueueRequest, partial(self.turn, state=types.Queue.State.RUNNING)),
            **Policies(self._project, self._project.queues).methods(),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        require_location(request.name, context)
        if request.name not in self._project.queues:
            no(context, grpc.StatusCode.NOT_FOUND, "Queue does not exist.")
        return self._project.queues[request.name]

    def create(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        require_location(request.parent, context)
        if request.queue.name in self._project.deleted_queues:
            words = "The queue cannot be created because a queue with this name existed too recently."
            no(context, grpc.StatusCode.FAILED_PRECONDITION, words)
        if request.queue.name in self._project.queues:
            no(context, grpc.StatusCode.ALREADY_EXISTS, "Queue already exists")
        queue = tasks_v2.Queue(request.queue)
        if request.queue.name in self._project.seemingly_made:
            return queue
        queue.state = tasks_v2.Queue.State.RUNNING  # type: ignore[assignment]
        queue.rate_limits.max_burst_size = 10
        self._project.queues[queue.name] = queue
        return queue

    def update(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        standing = self.get(request.queue, context)
        self._project.queues[request.queue.name] = masked(standing, request.queue, request.update_mask)
        return self._project.queues[request.queue.name]

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        del self._project.queues[request.name]
        self._project.deleted_queues.add(request.name)
        return Empty()

    def turn(self, request: Message, context: grpc.ServicerContext, *, state: int) -> tasks_v2.Queue:
        queue = self.get(request, context)
        queue.state = state  # type: ignore[assignment]
        return queue
