"""What names say of themselves, by their words.

A number beside a name is a metric if one of the name's words says what was measured (loss,
accuracy, AUC, ...) and none says that it is something else (loss scale, accumulation steps).
Whether it is one where a name says nothing, the log's own repetitions tell (`repeats.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from jupyter_sm.logs.speed import group_of

# A RATE counts beside a metric or a step, a SPEED likewise but in a group of its own; a SETTING
# only where it is seen to change; a WEAK one is a metric whose number says too little, but for a
# step beside it. OTHER says nothing; ASIDE tells of anything but a model.
METRIC, RATE, STEP, SPEED, SETTING, WEAK, OTHER, ASIDE = (
    "metric", "rate", "step", "speed", "setting", "weak", "other", "aside",
)  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MEASURES = _words(
    """
    loss losses acc accuracy auc auroc aucpr auprc roc f1 f2 fbeta fscore precision recall error
    err errors rmse rmsle mae mse msle mape smape wape wmape r2 perplexity ppl score scores
    reward rewards bleu sacrebleu rouge rouge1 rouge2 rougel meteor cider wer cer iou miou giou
    dice jaccard map map50 map75 map95 ap ap50 ap75 ndcg mrr kl kld elbo nll bce mlm xent
    crossentropy entropy likelihood logloss mlogloss merror bpc bpb psnr ssim lpips fid inertia
    silhouette objective win wins success sharpe return returns prec prec1 prec5 acc1 acc5 auprg
    deviance msd ssd pwll hinge kappa mcc corr correlation pearson spearman
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
    hp ok thresh thr errno episodes iterations rounds trials
    """
)
_STEPS = frozenset({"epoch", "epch", "step", "iteration", "iter", "round", "global_step", "trial"})
_RATES = _words(
    """
    lr learningrate gradnorm gnorm trainlr lrgroup currentlr meanlr gradientnorm
    """
)
# Alone these are ordinary words; as a metric's whole name they need a decimal number.
_NEEDS_DECIMALS = _words(
    """
    error err errors map ssd hit hits cost entropy score scores corr improve ap rho hinge top1
    top5 kl objective residual length
    """
)
# Beside a metric, numbers with one of these tell of the work, not of the model.
_ASIDE = _words(
    """
    speed data eta elapsed remaining samples throughput momentum mom wd beta betas temperature
    temp util ram ips wps ups total progress percent percentage cutoff dropout tokens images imgs host ip
    date batch learning overhead forward backward clock prob probability hour hours minutes min
    update updates bsz wpb wall delay load wait it img iters token sample x y z k q p s t
    value values is was to result results number patience year age version gb mb h m
    """
)
# Of what would tell of something else, what a training may change as it goes on.
_SCHEDULED = _words("alpha beta gamma epsilon eps temperature")
# Words for measures in other languages; a name may hold one within (`val_verlust`, `验证损失`).
_FOREIGN = re.compile(
    r"verlust|genauigkeit|förlust|noggrannhet|\bpertes?\b|précision|exactitude|p[eé]rdida|precisi[oó]n|exactitud"
    r"|\bperda|acur[aá]cia|precisão|perdita|accuratezza|strata\b|dokładność|kayıp|kayip|doğruluk|dogruluk"
    r"|потер|лосс|точност|ошибк|метрик|损失|損失|误差|誤差|准确|準確|精确|精確|精度|正确率|正確率|正解率|召回|适合率|再現率"
    r"|奖励|獎勵|报酬|回报|손실|정확도|오차|보상|ख़ता|ความแม่นยำ|mất mát|độ chính xác"
)
# A learning rate with one of these is a schedule's setting.
_SETTINGS = _words(
    """
    max min base initial init warmup peak start end final stop clip
    """
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[a-z]+\d*")
_MEASURES_OF_TWO = (
    ["function", "loss"], ["correlation", "coefficient"], ["episode", "length"], ["ep", "length"],
    ["response", "length"], ["completion", "length"],
)  # fmt: skip
# What stands before a name in a sentence and is no part of it.
_FILLERS = _words(
    """
    info debug warning warn error critical notice the a an and with at is was are of in on has
    had for from to we got get by after new end done model this its it then metric metrics
    metric: epoch step current new iteration iter round reached equals set finished result
    results | - * now train_epoch 轮 步 次 代
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
    """What a number of this name is; None where it is no name at all."""
    words = _words_in(name)
    if len(name) > 100 or not any(map(str.isalpha, name)):
        return None
    if _FOREIGN.search(name.lower()):
        return METRIC
    if group_of(name):
        return SPEED
    if name == "return":
        return ASIDE  # Python's own
    if not words:
        return OTHER
    joined = "".join(words)
    if not _OTHERWISE.isdisjoint(words) and words[-2:] not in _MEASURES_OF_TWO:
        return SETTING if _SCHEDULED.issuperset(_OTHERWISE.intersection(words)) else ASIDE
    if name[:3].lower() == "hr@" or joined.endswith("squaredistance"):
        return METRIC
    if (
        words[-2:] in _MEASURES_OF_TWO
        or words[-1].endswith(_ENDINGS)
        or any(word in _MEASURES or word.rstrip("0123456789") in _MEASURES for word in words)
    ):
        return METRIC
    if joined in _RATES or words[-1] == "lr" or joined.endswith(("learningrate", "gradnorm")):
        return RATE if _SETTINGS.isdisjoint(words) else ASIDE
    if words[-1] in _STEPS:
        return STEP
    if len(name) > 40 or not _ASIDE.isdisjoint(words):
        return SETTING if _SCHEDULED.issuperset(_ASIDE.intersection(words)) else ASIDE
    return OTHER


@lru_cache(maxsize=4096)
def needs_decimals(name: str) -> bool:
    """Whether an integer beside `name` (`gai error`) says too little to be a measurement."""
    *before, last = name.lower().split() or [""]
    return last in _NEEDS_DECIMALS and not any(word in _CONTEXT for word in before)


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
        if taken and (low in _FILLERS or low[-1:] in ".,;:" or ":" in low or "=" in low):
            break
        is_rate = low == "learning" and taken[-1:] == ["rate"]
        says_more = is_rate or low in _CONTEXT or kind_of(low) is METRIC
        if taken and is_sentence and not says_more:
            break
        taken.append(word.strip("'\"") if not word.endswith("'s") else word)
    name = " ".join(reversed(taken)).rstrip("-.:")
    head, colon, last = name.rpartition(":")
    if colon and last[:1].isalpha() and head.lower() not in _CONTEXT:
        name = last  # `INFO:root:loss` is a logger's line, `validation:rmse` a name
    return name if name[:1].isalpha() or name[:1] in "_#" else ""
