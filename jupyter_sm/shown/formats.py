"""The forms that secrets have: how their issuers write keys and tokens, and where addresses hold them.

A form is looked for where the text (in lower case) has one of its words; so most texts cost a few
searches for words. What group 1 of its pattern finds is the secret, or all of a match without a group.
Every repetition is bounded, so that no text, however hostile, takes long.

Sources: the issuers' own documentation of their tokens' prefixes (GitHub "About authentication",
GitLab "Token overview", Slack "Token types", IAM "Unique identifiers", and so on for each row).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from jupyter_sm.shown.randomness import is_random, is_secret_key

# Before a token's own prefix no letter or digit stands.
_FREE = r"(?<![A-Za-z0-9])"


@dataclass(frozen=True, eq=False)
class Form:
    """What a secret looks like; `fits` has the last word on what the pattern found."""

    words: tuple[str, ...]
    expression: str
    fits: Callable[[str], bool] = bool

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a text first needs it: all of them take long."""
        return re.compile(self.expression)


def _token(prefix: str, rest: str, *words: str, fits: Callable[[str], bool] = bool) -> Form:
    """A token that its issuer begins with a prefix (an expression); `words` are what the prefix holds."""
    return Form(words or (prefix.lower(),), f"{_FREE}{prefix}{rest}", fits)


def _form(pattern: str, *words: str, fits: Callable[[str], bool] = bool) -> Form:
    return Form(words, pattern, fits)


def _is_mixed(text: str) -> bool:
    """Not a word in small letters, as in `hf_transformers…`."""
    return not text.rpartition("_")[2].islower() or any(map(str.isdigit, text))


_PEM = (
    r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----)[\s\S]){0,20000}(?:-----END [A-Z0-9 ]{1,60}-----)?"
)

FORMS = (
    # Private keys, also where a text was cut within one.
    _form(_PEM, "private key"),
    _form(r"PuTTY-User-Key-File-\d:[\s\S]{0,400}?Private-Lines:[\s\S]{0,20000}", "putty-user-key"),
    _token("AGE-SECRET-KEY-1", "[A-Z0-9]{40,80}"),
    # Clouds.
    _token(
        "(?:AKIA|ASIA|ABIA|ACCA)",
        r"[A-Z0-9]{12,64}(?![A-Za-z0-9])",
        "akia",
        "asia",
        "abia",
        "acca",
    ),
    # A secret access key has no word of its own.
    _form(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])", "", fits=is_secret_key),
    _token("AIza", r"[\w-]{30,60}"),
    _token(r"ya29\.", r"[\w.-]{20,1000}", "ya29."),
    _token("GOCSPX-", r"[\w-]{20,60}"),
    _token("LTAI", r"[A-Za-z0-9]{12,30}(?![A-Za-z0-9])", fits=is_random),
    _token("AKID", r"[A-Za-z0-9]{28,60}(?![A-Za-z0-9])", fits=is_random),
    _form(r"[\w~.-]{3}\dQ~[\w~.-]{31,40}", "q~"),
    _token("do[opr]_v1_", "[a-f0-9]{40,80}", "dop_v1_", "doo_v1_", "dor_v1_"),
    _token("HRKU-", r"[\w-]{30,80}"),
    _token("dapi", r"[a-f0-9]{30,40}(?:-\d)?(?![A-Za-z0-9])"),
    _token("ibm_", r"[\w-]{40,60}", fits=is_random),
    # Code and packages.
    _token("gh[pousr]_", r"[A-Za-z0-9]{16,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("github_pat_", r"\w{20,255}"),
    _token("gl(?:pat|dt|rt|ptt|cbt|soat|ffct|imt|agent|ft|oas)-", r"[\w.-]{16,300}", "gl"),
    _token("ATATT3x", r"[\w=+/-]{20,300}"),
    _token("ATBB", r"[A-Za-z0-9]{24,40}(?![A-Za-z0-9])", fits=is_random),
    _token("npm_", "[A-Za-z0-9]{30,60}"),
    _token("pypi-", r"[\w-]{30,400}", fits=_is_mixed),
    _token("rubygems_", "[a-f0-9]{40,60}"),
    _token("dckr_[po]at_", r"[\w-]{20,60}", "dckr_"),
    _token("AKCp", "[A-Za-z0-9]{20,100}", fits=_is_mixed),
    _token("glsa_", r"\w{30,60}"),
    _token("glc_", r"[A-Za-z0-9+/=]{30,400}"),
    # Models and experiments.
    _token("hf_", "[A-Za-z0-9]{16,80}", fits=_is_mixed),
    _token("api_org_", "[A-Za-z0-9]{20,60}", fits=_is_mixed),
    _token("sk-(?:proj|svcacct|ant|or|lf)-", r"[\w-]{16,300}", "sk-"),
    _token("sk-(?:admin|service|kimi|user|None)-", r"[\w-]{16,300}", "sk-", fits=is_random),
    _token("sk-", r"[A-Za-z0-9]{20,100}(?![A-Za-z0-9])", fits=_is_mixed),
    _token("pk-lf-", r"[\w-]{20,60}"),
    _token("gsk_", "[A-Za-z0-9]{30,80}", fits=_is_mixed),
    _token("pplx-", "[A-Za-z0-9]{30,80}", fits=_is_mixed),
    _token("r8_", "[A-Za-z0-9]{30,50}", fits=_is_mixed),
    _token("xai-", "[A-Za-z0-9]{40,100}", fits=_is_mixed),
    _token("nvapi-", r"[\w-]{40,100}"),
    _token("pcsk_", r"\w{30,100}"),
    _token("tvly-", r"[\w-]{20,60}", fits=_is_mixed),
    _token("lsv2_(?:pt|sk)_", r"\w{30,80}", "lsv2_"),
    _token("local-", r"[a-f0-9]{40}(?![A-Za-z0-9])"),
    _token("wandb_v1_", r"\w{20,100}"),
    # Messages and mail.
    _token("xox[a-z](?:[.-]xox[a-z])?-", r"[\w.-]{10,400}", "xox"),
    _token("xapp-", r"\d-[\w-]{20,200}"),
    _form(r"(?i)hooks\.slack\.com/(?:services|workflows|triggers)/([\w/-]{20,100})", "hooks.slack"),
    _form(r"(?i)discord(?:app)?\.com/api/webhooks/([\w/-]{30,150})", "/api/webhooks/"),
    _form(r"(?i)webhook\.office\.com/webhookb2/([\w@/-]{30,300})", "webhookb2"),
    _form(r"(?<![\w.-])[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}(?![\w.-])", "."),
    _form(r"(?<![\w-])\d{8,10}:AA[\w-]{30,40}(?![\w-])", ":aa"),
    _token(r"SG\.", r"[\w-]{16,30}\.[\w-]{30,60}", "sg."),
    _token("key-", "[a-f0-9]{32}(?![A-Za-z0-9])"),
    _form(r"(?<![A-Za-z0-9])[a-f0-9]{32}-us\d{1,2}(?![A-Za-z0-9])", "-us"),
    _token("SK", "[a-f0-9]{32}(?![A-Za-z0-9])"),
    # Payments, hosts and offices.
    _token("[rs]k_(?:live|test|prod)_", "[A-Za-z0-9]{10,200}", "k_live_", "k_test_", "k_prod_"),
    _token("whsec_", "[A-Za-z0-9+/=]{20,100}"),
    _token("sq0(?:atp|csp|idp)-", r"[\w-]{20,60}", "sq0"),
    _token("EAAA", r"[\w-]{50,200}", fits=is_random),
    _token("shp(?:at|ca|pa|ss)_", "[A-Fa-f0-9]{30,40}", "shp"),
    _token(r"hv[sbr]\.", r"[\w-]{20,300}", "hvs.", "hvb.", "hvr."),
    _form(r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{50,80}", ".atlasv1."),
    _token("NRAK-", "[A-Z0-9]{20,40}"),
    _token("sntry[su]_", r"[\w=+/-]{40,300}", "sntrys_", "sntryu_"),
    _token("lin_api_", "[A-Za-z0-9]{30,60}"),
    _token("(?:secret|ntn)_", r"[A-Za-z0-9]{40,50}(?![A-Za-z0-9])", "secret_", "ntn_"),
    _token("pat", r"[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _token("pat-(?:na|eu)1-", r"[a-f0-9-]{36}", "pat-na1", "pat-eu1"),
    _token("PMAK-", r"[a-f0-9-]{40,70}"),
    _token("pscale_(?:tkn|pw|oauth)_", r"[\w.-]{30,64}", "pscale_"),
    _token("sbp_", "[a-f0-9]{40}"),
    _token(r"dp\.(?:pt|st|ct|sa|scim|audit)\.", r"[\w.-]{20,100}", "dp."),
    _token("figd_", r"[\w-]{30,60}"),
    # Signed and encoded.
    _token("eyJ", r"[\w-]{8,4000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,4000}){0,3}"),
    _token("(?:eyJhcGlf|eyJrIjoi)", "[A-Za-z0-9+/=]{30,800}", "eyjhcglf", "eyjrijoi"),
    _form(r"(?i)\bbearer[ \t]{1,4}([\w.~+/=-]{16,4000})", "bearer", fits=is_random),
    _form(r"(?i)\bbasic[ \t]{1,4}([A-Za-z0-9+/]{12,400}={0,2})(?![\w=])", "basic", fits=is_random),
    # Addresses: a password, or a token in its place; what signs one.
    _form(r"://[^/\s:@\"'<>]{0,200}:(?!\d{1,5}/)([^\s\"'<>]{1,400})@(?=[\w.\[%-])", "://"),
    _form(r"://([^/\s:@\"'<>]{16,400})@(?=[\w.\[-])", "://", fits=is_random),
    _form(
        r"(?i)(?:[?&;]|\\u0026)(?:x-amz-(?:signature|security-token|credential)"
        r"|x-goog-(?:signature|credential)|sig|signature|awsaccesskeyid|key-pair-id)"
        r"=([^&\s\"'<>;\\]{8,4000})",
        "sig",
        "x-amz-",
        "x-goog-",
        "accesskeyid",
        "key-pair-id",
    ),
    # curl's and wget's.
    _form(
        r"(?<![\w-])(?:-u|--user|--proxy-user)[ =]{1,4}[^\s:\"']{1,100}:([^\s\"']{1,200})",
        "-u",
        "-user",
    ),
)
