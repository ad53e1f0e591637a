"""Which names are names of metrics: by their words, never by a whole log's look.

A number beside a name is a metric if one of the name's words says what was measured (loss,
accuracy, AUC, ...) and none says that it is something else (loss scale, accumulation steps).
"""

from __future__ import annotations

import re
from functools import lru_cache

METRIC, RATE, STEP = "metric", "rate", "step"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MEASURES = _words(
    """
    loss losses acc accuracy auc auroc aucpr auprc roc f1 f2 fbeta fscore precision recall error
    err errors rmse rmsle mae mse msle mape smape wape wmape r2 perplexity ppl score scores
    reward rewards bleu sacrebleu rouge rouge1 rouge2 rougel meteor cider wer cer iou miou giou
    dice jaccard map map50 map75 map95 ap ap50 ap75 ndcg mrr kl kld elbo nll bce mlm xent
    crossentropy entropy likelihood logloss mlogloss merror bpc bpb psnr ssim lpips fid inertia
    silhouette objective deviance msd ssd pwll hinge kappa mcc corr correlation pearson spearman
    pearsonr spearmanr rho sensitivity specificity tpr fpr tnr fnr top1 top5 hit hits residual
    cost quantileloss crps mase npmi coherence rew busbw algbw ce approxkl rewmean
    """
)
_ENDINGS = (
    "loss", "accuracy", "error", "entropy", "auc", "rmse", "mse", "mae", "reward",
    "perplexity", "likelihood", "acc", "iou",
)  # fmt: skip
# Words that make another thing of a measure: a setting, a count, a time, a size.
_OTHERWISE = _words(
    """
    scale scaler scaling steps accumulation accum patience weight weights time times sec secs
    second seconds ms runtime duration size count counts num number threshold tolerance tol eps
    epsilon port rank version seed window interval freq frequency limit id ids factor decay
    bytes memory mem mb gb gpu cpu worker workers dtype fn func function type code exit classes
    smoothing difference diff delta every alpha gamma beta coef coeff coefficient reduction line
    column handling handler java file files target targets batches epochs parallel exited shape
    retries attempts attempt timeout took mlperf reuse possible vs clip clipping margin config
    hp ok
    """
)
_STEPS = frozenset({"epoch", "step", "iteration", "iter", "round", "global_step", "trial"})
_RATES = _words(
    """
    lr learningrate gradnorm gnorm fps tflops tflopsgpu tflop trainlr lrgroup currentlr meanlr
    gradientnorm
    """
)
# Alone these are ordinary words; as a metric's whole name they need a decimal number.
_NEEDS_DECIMALS = _words(
    """
    error err errors map ssd hit hits cost entropy score scores corr improve ap rho hinge top1
    top5 kl objective residual
    """
)
# Beside a metric, numbers with one of these tell of the work, not of the model.
_ASIDE = _words(
    """
    speed data eta elapsed remaining samples throughput momentum mom wd beta betas temperature
    temp util ram ips wps ups total progress percent percentage cutoff dropout tokens images imgs host ip
    date batch learning overhead forward backward clock prob probability hour hours minutes min
    update updates bsz wpb wall rate ratio delay load wait it img iters token sample x y z k q p s t
    """
)
# A learning rate with one of these is a schedule's setting.
_SETTINGS = _words(
    """
    max min base initial init warmup peak start end final stop clip
    """
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+\d*")
# What stands before a name in a sentence and is no part of it.
_FILLERS = _words(
    """
    info debug warning warn error critical notice the a an and with at is was are of in on has
    had for from to we got get by after new end done model this its it then metric metrics
    metric: epoch step current new iteration iter round reached equals set finished result
    results | - * now train_epoch
    """
)
_CONTEXT = _words(
    """
    train training val valid validation test testing eval evaluation dev avg average mean median
    final best running total overall local square squared absolute min max batch step epoch last
    top macro micro weighted
    """
)


def _words_in(name: str) -> list[str]:
    return _WORD.findall(_CAMEL.sub("_", name).lower())


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str | None:
    """METRIC, RATE (a learning rate: only beside a metric or a step), STEP, or None."""
    words = _words_in(name)
    if not words or len(name) > 100:
        return None
    joined = "".join(words)
    if words[0] == "tflops":
        return RATE
    if not _OTHERWISE.isdisjoint(words) and words[-2:] != ["function", "loss"]:
        return None
    if name[:3].lower() == "hr@" or joined.endswith("squaredistance"):
        return METRIC
    if words[-1].endswith(_ENDINGS) or any(
        word in _MEASURES or word.rstrip("0123456789") in _MEASURES for word in words
    ):
        return METRIC
    if joined in _RATES or words[-1] == "lr" or joined.endswith(("learningrate", "gradnorm")):
        return RATE if _SETTINGS.isdisjoint(words) else None
    if words[-1] in _STEPS:
        return STEP
    return None


@lru_cache(maxsize=4096)
def needs_decimals(name: str) -> bool:
    """Whether an integer beside `name` says too little to be taken for a measurement."""
    return name.lower() in _NEEDS_DECIMALS


@lru_cache(maxsize=4096)
def may_accompany(name: str) -> bool:
    """Whether a decimal number of this name, in a line of metrics of a step, is one of them."""
    words = _words_in(name)
    return bool(words) and len(name) <= 40 and _OTHERWISE.union(_ASIDE).isdisjoint(words)


@lru_cache(maxsize=4096)
def trimmed(phrase: str, *, is_sentence: bool) -> str:
    """The name at the end of `phrase`: words that only lead up to it are cut.

    In a sentence (`... and loss is 0.3`) only words that qualify a measure stay before it.
    """
    words = phrase.split()
    while len(words) > 1 and words[-1].lower() in {"value", "is", "was", "reached", "of", "at"}:
        words.pop()
    taken: list[str] = []
    for word in reversed(words):
        low = word.lower().strip("'\"")
        if not (low[:1].isalpha() or low[:1] == "_"):
            break
        if taken and (low in _FILLERS or low[-1:] in ".,;:"):
            break
        is_rate = low == "learning" and taken[-1:] == ["rate"]
        says_more = is_rate or low in _CONTEXT or kind_of(low) is METRIC
        if taken and is_sentence and not says_more:
            break
        taken.append(word.strip("'\"") if not word.endswith("'s") else word)
    name = " ".join(reversed(taken)).rstrip("-.:")
    head, colon, last = name.rpartition(":")
    if colon and head.lower() not in _CONTEXT:
        name = last  # `INFO:root:loss` is a logger's line, `validation:rmse` a name
    return name if name[:1].isalpha() or name[:1] in "_#" else ""
