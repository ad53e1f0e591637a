"""Short image names: resolved by region and processor, refused with the nearest names."""

from __future__ import annotations

import pytest

from jupyter_sm.targets.aws.images import ImageError, image_for, image_uri, processor_of, region_of

DLC = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("name", "region", "instance", "uri"),
    [
        ("pytorch:2.5", "us-east-1", "ml.m5.large", f"{DLC}/pytorch-training:2.5.1-cpu-py311"),
        ("pytorch:2.5.1", "us-east-1", "ml.g5.xlarge", f"{DLC}/pytorch-training:2.5.1-gpu-py311"),
        (
            "xgboost:1.7-1",
            "us-west-2",
            "ml.m5.large",
            "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        ),
        (
            "sklearn:1.2-1",
            "eu-west-1",
            "ml.c5.xlarge",
            "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            "tensorflow:2.16",
            "cn-north-1",
            "ml.p3.2xlarge",
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/tensorflow-training:2.16.2-gpu-py310",
        ),
        (
            "huggingface:4.46",
            "us-east-1",
            "ml.p4d.24xlarge",
            f"{DLC}/huggingface-pytorch-training:2.3.0-transformers4.46.1-gpu-py311-cu121-ubuntu20.04",
        ),
        ("my.registry/own:1", "us-east-1", "ml.m5.large", "my.registry/own:1"),
    ],
)
def test_a_short_name_becomes_the_registry_address(
    name: str, region: str, instance: str, uri: str
) -> None:
    assert image_uri(name, region, instance) == uri


def test_a_name_without_version_is_the_newest() -> None:
    newest = image_uri("pytorch", "us-east-1", "ml.m5.large")
    assert newest == image_uri("pytorch:2.10", "us-east-1", "ml.m5.large")


@pytest.mark.parametrize(
    ("name", "region", "instance", "said"),
    [
        (
            "pytroch:2.5",
            "us-east-1",
            "ml.m5.large",
            "There is no image 'pytroch'. Near it: pytorch",
        ),
        ("pytorch:2.55", "us-east-1", "ml.m5.large", "pytorch:2.5.1"),
        ("sklearn:1.2-1", "us-east-1", "ml.g5.xlarge", "comes for cpu only, and ml.g5.xlarge"),
        ("sklearn:1.2-1", "mars-north-1", "ml.m5.large", "not in mars-north-1"),
        ("huggingface:4.46", "us-east-1", "ml.m5.large", "comes for gpu only"),
    ],
)
def test_what_does_not_exist_is_said_with_what_is_near(
    name: str, region: str, instance: str, said: str
) -> None:
    with pytest.raises(ImageError) as caught:
        image_uri(name, region, instance)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("script", "instance", "image"),
    [
        ("import os\nimport torch.nn as nn\n", "ml.g5.xlarge", "pytorch-training:"),
        ("from tensorflow import keras\n", "ml.m5.large", "tensorflow-training:"),
        ("import xgboost as xgb\n", "ml.m5.large", "sagemaker-xgboost:"),
        ("from sklearn.svm import SVC\n", "ml.m5.large", "sagemaker-scikit-learn:"),
        ("def broken(:\n", "ml.m5.large", "sagemaker-scikit-learn:"),
    ],
)
def test_without_a_name_the_imports_choose(script: str, instance: str, image: str) -> None:
    uri, why = image_for(script, "us-east-1", instance)
    assert image in uri
    assert "chosen for the script" in why


def test_processor_and_region() -> None:
    kinds = {
        "ml.m5.large": "cpu",
        "ml.g6e.xlarge": "gpu",
        "ml.gr6.4xlarge": "gpu",
        "ml.p5.48xlarge": "gpu",
        "ml.trn1.2xlarge": "trn",
        "ml.inf2.xlarge": "inf",
        "ml.r7i.large": "cpu",
    }
    assert {name: processor_of(name) for name in kinds} == kinds
    assert region_of(f"{DLC}/x:1") == "us-east-1"
    assert region_of("docker.example/x:1") is None
