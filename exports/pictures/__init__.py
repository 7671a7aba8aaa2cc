"""Pictures of a plan and of the studies, for print: one file a picture, drawn with matplotlib (hashlease[pictures])."""
