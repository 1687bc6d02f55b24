"""The main job: predict which neurons respond when one that was held out is stimulated."""
