"""Cloud Scheduler."""

from functools import partial

import grpc
from google.cloud import scheduler_v1
from google.protobuf.empty_pb2 import Empty

from tests.google_project.call import Message, Methods, masked, no, require_location
from tests.google_project.state import State


class Scheduler:
    def __init__(self, project: State) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = scheduler_v1
        return {
            "CreateJob": (types.CreateJobRequest, self.create),
            "GetJob": (types.GetJobRequest, self.get),
            "UpdateJob": (types.UpdateJobRequest, self.update),
            "ListJobs": (types.ListJobsRequest, self.list),
            "DeleteJob": (types.DeleteJobRequest, self.delete),
            "PauseJob": (types.PauseJobRequest, partial(self.turn, state=types.Job.State.PAUSED)),
            "ResumeJob": (types.ResumeJobRequest, partial(self.turn, state=types.Job.State.ENABLED)),
            "RunJob": (types.RunJobRequest, self.run),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        require_location(request.name, context)
        if request.name not in self._project.jobs:
            no(context, grpc.StatusCode.NOT_FOUND, "Job not found.")
        return self._project.jobs[request.name]

    def create(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        require_location(request.parent, context)
        if request.job.name in self._project.jobs:
            no(context, grpc.StatusCode.ALREADY_EXISTS, f"Job {request.job.name} already exists.")
        job = scheduler_v1.Job(request.job)
        job.state = scheduler_v1.Job.State.ENABLED  # type: ignore[assignment]
        job.http_target.headers["User-Agent"] = "Google-Cloud-Scheduler"
        self._project.jobs[job.name] = job
        return job

    def update(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        standing = self.get(request.job, context)
        job = masked(standing, request.job, request.update_mask)
        if job.state == scheduler_v1.Job.State.UPDATE_FAILED:
            job.state = scheduler_v1.Job.State.ENABLED
        self._project.jobs[request.job.name] = job
        return self._project.jobs[request.job.name]

    def list(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.ListJobsResponse:
        jobs = [job for name, job in self._project.jobs.items() if name.startswith(f"{request.parent}/")]
        return scheduler_v1.ListJobsResponse(jobs=jobs)

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        del self._project.jobs[request.name]
        return Empty()

    def turn(self, request: Message, context: grpc.ServicerContext, *, state: int) -> scheduler_v1.Job:
        job = self.get(request, context)
        if {job.state, state} != {scheduler_v1.Job.State.ENABLED, scheduler_v1.Job.State.PAUSED}:
            words = f"Job is in state {scheduler_v1.Job.State(job.state).name}."
            no(context, grpc.StatusCode.FAILED_PRECONDITION, words)
        job.state = state  # type: ignore[assignment]
        return job

    def run(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        job = self.get(request, context)
        self._project.runs.append(request.name)
        return job
