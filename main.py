"""Nothing runs from here: gcloud deploys no Python source without a main.py at its root, and looks no further.

Each function is built from its own file, functions/NAME/main.py, which the build variable GOOGLE_FUNCTION_SOURCE names
(infra/functions.py). This file is not even uploaded (.gcloudignore).
"""
