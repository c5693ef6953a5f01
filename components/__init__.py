"""The steps of the pipeline, one folder a step; `shared/` holds what several steps need."""
