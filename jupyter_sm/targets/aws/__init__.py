"""SageMaker itself, through boto3: one target for each profile and region.

Calls are paced, credentials are looked for anew once they fail, and files are staged to S3.
"""
