"""Target values for autoscaling: a day of traffic, with pods that behave as one was measured, and Kubernetes' rule."""
