"""Promises of a composed mail, read back as a mail program reads it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeAlias

import pytest
from selectolax.lexbor import LexborHTMLParser

from expectations.rulebook import load_rulebook
from storage.mails import NewMail
from tasks.alerting.recipients import Recipient

Make: TypeAlias = Callable[..., dict[str, Any]]
Compose: TypeAlias = Callable[..., list[NewMail]]


def _parse(digest: NewMail) -> EmailMessage:
    message = message_from_bytes(digest.message, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _body(digest: NewMail, kind: str) -> str:
    part = _parse(digest).get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content


def _page(digest: NewMail) -> LexborHTMLParser:
    return LexborHTMLParser(_body(digest, "html"))


def _shown(digest: NewMail) -> str:
    """Return the HTML as a reader sees it, blanks folded."""
    body = _page(digest).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def _sheet(digest: NewMail) -> list[list[str]]:
    part, _ = _parse(digest).iter_attachments()
    text = part.get_content()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_the_known_report_is_told_in_the_forms_own_words(
    make_report: Make, make_finding: Make, compose: Compose, now: datetime
) -> None:
    """浈江区's mail names place, report, cell, expected and reported figure, and the source."""
    total = make_finding(
        instance="t3.total",
        cells=["t3.granted.total", "t3.closed.total"],
        message="表三（七）总计·总计：应为 1，填报 0",
    )
    (digest,) = compose([make_report()], [make_finding(), total])
    message = _parse(digest)
    assert message["Subject"] == (
        "【政府信息公开年报】广东省：浈江区人民政府办公室2022年政府信息公开工作年度报告存在勾稽错误"
    )
    assert message["To"].addresses[0].addr_spec == "desk@example.org"
    assert message["From"].addresses[0].addr_spec == "gouji@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == now
    for text in (_shown(digest), _body(digest, "plain")):
        assert "韶关市浈江区人民政府办公室" in text
        assert "2022 年度" in text
        assert "表三（七）总计·自然人" in text
        assert load_rulebook().rules["T3-02"].formula in text
        assert "https://www.sgzj.gov.cn/zwgk/content/post_2374611.html" in text
    (link,) = _page(digest).css("a")
    assert link.attributes["href"] == "https://www.sgzj.gov.cn/zwgk/content/post_2374611.html"
    figures = [cell.text().strip() for cell in _page(digest).css("td[align=right]")]
    assert figures[-6:] == ["1", "0", "-1"] * 2
    assert _body(digest, "plain").count("应为 1，填报 0，相差 -1") == 2
    assert len(digest.fingerprints) == 2


def test_a_message_in_other_words_is_shown_whole(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Only the figures that have columns of their own are left out of a message."""
    message = "落款日期早于年度结束：应为 2023年1月1日以后，填报 2022年1月18日"
    finding = make_finding(rule="P-05", cells=[], message=message, expected="2023年1月1日以后")
    (digest,) = compose([make_report()], [finding])
    assert message in _shown(digest)


def test_figures_are_told_where_the_labels_hold_the_same_digits(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """The number of a line is not taken for its figure."""
    message = "表三（五）2.重复申请·总计 1：应为 1，填报 2"
    (digest,) = compose([make_report()], [make_finding(message=message, reported="2")])
    assert "应为 1，填报 2，相差 -1" in _body(digest, "plain")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        pytest.param(["t4.review.total"], "涉及：表四 行政复议·总计", id="few"),
        pytest.param(
            [f"t4.review.{column}" for column in ("upheld", "corrected", "other", "pending")]
            + ["t4.suit_direct.total"],
            "涉及：表四 行政复议·结果维持、表四 行政复议·结果纠正、表四 行政复议·其他结果、"
            "表四 行政复议·尚未审结等 5 格",
            id="many",
        ),
    ],
)
def test_cells_that_the_message_leaves_open_are_named(
    make_report: Make, make_finding: Make, compose: Compose, cells: list[str], said: str
) -> None:
    """The first cells are named in the form's words, with a count where there are more."""
    (digest,) = compose([make_report()], [make_finding(message="表四：空白", cells=cells)])
    assert said in _shown(digest)
    assert said in _body(digest, "plain")


def test_the_sheet_has_a_row_a_finding_that_a_spreadsheet_opens(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """The attachment is CSV with a byte order mark, a Chinese name, and one row a finding."""
    (digest,) = compose([make_report()], [make_finding()])
    part, _ = _parse(digest).iter_attachments()
    assert part.get_content_type() == "text/csv"
    assert part.get_filename() == "问题明细_20260203.csv"
    header, row = _sheet(digest)
    record = dict(zip(header, row, strict=True))
    assert (record["地区"], record["级别"], record["规则"]) == ("广东省", "错误", "T3-02")
    assert (record["应为"], record["填报"], record["相差"]) == ("1", "0", "-1")
    assert record["涉及单元格"] == "表三（一）予以公开·自然人；表三（七）总计·自然人"


def test_what_was_mailed_is_not_mailed_again(
    make_report: Make, make_finding: Make, compose: Compose, everyone: Recipient
) -> None:
    """A second run composes nothing; a new source, still wrong, is told again; others once."""
    other = Recipient(name="b", address="b@example.org", regions=("CN-GD",))
    (first,) = compose([make_report()], [make_finding()])
    told = {everyone.key: frozenset(first.fingerprints)}
    assert compose([make_report()], [make_finding()], told=told) == []
    (to_other,) = compose(
        [make_report()], [make_finding()], told=told, recipients=[everyone, other]
    )
    assert to_other.recipient == other.key
    (second,) = compose([make_report(source_sha256="b" * 64)], [make_finding()], told=told)
    assert second.fingerprints != first.fingerprints
    later = make_finding(rule="T3-03")
    (only_new,) = compose([make_report()], [make_finding(), later], told=told)
    assert [row[7] for row in _sheet(only_new)[1:]] == ["T3-03"]


def test_message_id_follows_from_what_is_told(
    make_report: Make, make_finding: Make, compose: Compose, now: datetime
) -> None:
    """The same digest composed at another time has the same Message-ID, another one not."""
    report = [make_report()]
    (one,) = compose(report, [make_finding()])
    (twin,) = compose(report, [make_finding()])
    (later,) = compose(report, [make_finding()], now=now + timedelta(hours=1))
    (other,) = compose(report, [make_finding(instance="t3.company")])
    assert twin.message == one.message
    assert later.message != one.message
    assert _parse(later)["Message-ID"] == _parse(one)["Message-ID"]
    assert _parse(other)["Message-ID"] != _parse(one)["Message-ID"]


@pytest.mark.parametrize(
    ("regions", "min_severity", "told"),
    [
        pytest.param(("CN-GD",), "error", {"T3-02"}, id="own-errors"),
        pytest.param(("CN-GD",), "warning", {"T3-02", "C-02"}, id="own-warnings"),
        pytest.param(("CN-JX",), "info", set(), id="other-region"),
        pytest.param("*", "error", {"T3-02", "C-01"}, id="all-with-unresolved"),
    ],
)
def test_recipients_get_their_regions_and_severities(
    make_report: Make,
    make_finding: Make,
    compose: Compose,
    regions: Any,
    min_severity: Any,
    told: set[str],
) -> None:
    """A region nobody could settle goes to who has them all; not evaluated goes to nobody."""
    stray = {"report_id": "stray", "region": "unresolved"}
    findings = [
        make_finding(),
        make_finding(rule="C-02", severity="warning"),
        make_finding(rule="C-01", **stray),
        make_finding(rule="T4-01", outcome="not_evaluated", blame=None),
    ]
    recipient = Recipient(
        name="r", address="r@example.org", regions=regions, min_severity=min_severity
    )
    digests = compose([make_report(), make_report(**stray)], findings, recipients=[recipient])
    assert {row[7] for digest in digests for row in _sheet(digest)[1:]} == told


def test_faults_of_our_reading_are_not_the_publishers(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Findings of blame reader make no card; they and unreadable reports are one line."""
    unreadable = {"verdict": "unreadable", "reason": "扫描件"}
    reports = [
        make_report(),
        make_report(report_id="ours", title="甲局报告"),
        make_report(report_id="scan", title="乙局报告", **unreadable),
        make_report(report_id="far", region="CN-JX", **unreadable),
    ]
    ours = make_finding(report_id="ours", blame="reader")
    guangdong = Recipient(name="粤", address="gd@example.org", regions=("CN-GD",))
    (digest,) = compose(reports, [make_finding(), ours], recipients=[guangdong])
    for text in (_shown(digest), _body(digest, "plain")):
        assert "甲局" not in text
        assert "另有 2 份报告我们未能完整读取" in text
        assert "扫描件（1 份）" in text
        assert "两次读取结果不一致（1 份）" in text
    assert compose(reports, [ours]) == []


def test_one_reading_only_is_said_to_be_so(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """A finding of unknown blame is told with the request to look at the source first."""
    (digest,) = compose([make_report()], [make_finding(blame="unknown")])
    (confirmed,) = compose([make_report()], [make_finding()])
    assert "请先核对原文" in _shown(digest)
    assert "两次独立读取结果一致" not in _shown(digest)
    assert "两次独立读取结果一致" in _shown(confirmed)


def test_hostile_text_can_neither_break_nor_forge_a_mail(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Markup is shown as text, a line break forges no header, a script address is no link."""
    report = make_report(
        title="报告\r\nBcc: evil@example.org\n\n<script>alert(1)</script>\u202egnp",
        publisher="</table><img src=x onerror=alert(1)>",
        url="javascript:alert(1)",
        region_name="=HYPERLINK(1)",
    )
    finding = make_finding(
        message="=cmd|' /C calc'!A0 {{ 7*7 }} {0}",
        expected="+1+1",
        reported="@SUM(1)",
        difference=None,
        cells=["t9.no.such"],
    )
    (digest,) = compose([report], [finding])
    message = _parse(digest)
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["desk@example.org"]
    assert "\n" not in message["Subject"]
    assert "\u202e" not in message["Subject"]
    assert not _page(digest).css("script, img, a")
    assert "<script>alert(1)</script>" in _shown(digest)
    assert "{{ 7*7 }} {0}" in _shown(digest)
    assert not [value for value in _sheet(digest)[1] if value.startswith(("=", "+", "@"))]
    assert "'@SUM(1)" in _sheet(digest)[1]


def test_a_very_long_title_is_cut_in_the_subject(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """A subject stays one that a list of mails can show, and still says what is wrong."""
    (digest,) = compose([make_report(title="长" * 5000)], [make_finding()])
    assert len(digest.subject) < 80
    assert digest.subject.endswith("…存在勾稽错误")
    assert max(map(len, digest.message.splitlines())) < 998


def test_a_report_that_names_nothing_is_told_all_the_same(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Null title, publisher, names and figures have words of their own, never `None`."""
    names = ("title", "publisher", "region_name", "prefecture", "form")
    report = make_report(region="unresolved", **dict.fromkeys(names))
    finding = make_finding(expected=None, reported=None, difference=None, blame=None)
    (digest,) = compose([report], [finding])
    for text in (_shown(digest), _body(digest, "plain"), digest.subject):
        assert "None" not in text
        assert "（报告无标题）" in text
        assert "地区未确定" in text
    assert "发布机构未识别" in _shown(digest)


@pytest.mark.parametrize(
    ("faults", "subject"),
    [
        pytest.param(
            [("CN-JX", "T3-01", "error")] * 3,
            "【政府信息公开年报】江西省：3 份报告存在勾稽错误",
            id="arithmetic",
        ),
        pytest.param(
            [("CN-JX", "T3-01", "error"), ("CN-GD", "S-07", "error")],
            "【政府信息公开年报】江西省、广东省：2 份报告存在填报错误",
            id="not-all-arithmetic",
        ),
        pytest.param(
            [("CN-JX", "C-02", "warning")] * 2,
            "【政府信息公开年报】江西省：2 份报告存在疑点",
            id="warnings-only",
        ),
        pytest.param(
            [("CN-JX", "C-02", "warning"), *[("CN-GD", "T3-01", "error")] * 2],
            "【政府信息公开年报】广东省：2 份报告存在勾稽错误",
            id="errors-outrank",
        ),
        pytest.param(
            [("CN-BJ", "S-07", "error"), ("CN-JX", "T3-01", "error"), ("CN-GD", "S-07", "error")],
            "【政府信息公开年报】北京市、江西省等 3 个地区：3 份报告存在填报错误",
            id="many-regions",
        ),
    ],
)
def test_the_subject_says_it_all(
    make_report: Make,
    make_finding: Make,
    compose: Compose,
    faults: list[tuple[str, str, str]],
    subject: str,
) -> None:
    """The subject names the regions, counts the reports and claims no more than is so."""
    reports, findings = [], []
    for number, (region, rule, severity) in enumerate(faults):
        report = {"report_id": f"r{number}", "region": region}
        reports.append(make_report(**report))
        findings.append(make_finding(rule=rule, severity=severity, **report))
    (digest,) = compose(reports, findings)
    assert digest.subject == subject


def test_very_many_reports_are_a_summary_fifty_cards_and_a_full_sheet(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Past 50 reports the mail says how many are left to the attached sheet, which has all."""
    names = [f"r{number}" for number in range(120)]
    reports = [make_report(report_id=name, publisher=f"{name}局") for name in names]
    (digest,) = compose(reports, [make_finding(report_id=name) for name in names])
    assert "正文只列前 50 份报告，其余 70 份见附件表格" in _shown(digest)
    assert len(_page(digest).css("a")) == 50
    assert len(_sheet(digest)) == 121
    assert len(digest.fingerprints) == 120
    assert "广东省 韶关市 120 120" in _shown(digest)


def test_english_is_a_setting(make_report: Make, make_finding: Make, compose: Compose) -> None:
    """An English recipient reads the same facts; the form's labels stay as printed."""
    reader = Recipient(name="Ann", address="a@example.org", regions="*", language="en")
    (digest,) = compose([make_report()], [make_finding()], recipients=[reader])
    assert digest.subject.startswith("[Disclosure reports] Guangdong: ")
    told = "表三（七）总计·自然人 (The results of a column sum to its total)"
    assert told in _shown(digest)
    assert "expected 1, reported 0, difference -1" in _body(digest, "plain")


def test_the_mail_holds_in_mail_programs(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Inline styles alone, nothing loaded from elsewhere, and plain text before HTML."""
    (digest,) = compose([make_report()], [make_finding()])
    assert not _page(digest).css("style, link, script, img, iframe, form, svg")
    assert [part.get_content_type() for part in _parse(digest).walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
        "text/html",
    ]
    assert digest.message.isascii()


def test_a_finding_without_its_report_is_a_broken_run(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """No finding is dropped in silence because its report was not handed over."""
    with pytest.raises(ValueError, match="found none for 1, such as lost"):
        compose([make_report()], [make_finding(report_id="lost")])


@pytest.mark.parametrize("sender", ["nobody", "a@b.cn\nBcc: c@d.cn", ""])
def test_a_sender_that_is_no_address_is_refused(
    make_report: Make, make_finding: Make, compose: Compose, sender: str
) -> None:
    """The message names the setting to change."""
    with pytest.raises(ValueError, match="GOUJI_SENDER"):
        compose([make_report()], [make_finding()], sender=sender)


def _repair(cell: str, is_unique: bool) -> dict[str, Any]:
    return {
        "report_id": "440204-office-2022",
        "problem": 1,
        "rank": 1,
        "unique": is_unique,
        "size": 1,
        "sets": 1 if is_unique else 2,
        "truncated": False,
        "cell": cell,
        "reported": 0,
        "suggested": 1,
        "reason": "总计未填",
        "equations": ["T3-02 t3.natural_person"],
        "year": 2022,
        "region": "CN-GD",
    }


@pytest.mark.parametrize("is_unique", [True, False], ids=["unique", "one-of-several"])
def test_a_correction_is_suggested_only_where_it_is_the_only_one(
    make_report: Make, make_finding: Make, compose: Compose, is_unique: bool
) -> None:
    """The card says which cell to change to what; one guess among several is not told."""
    repairs = [_repair("t3.closed.natural_person", is_unique)]
    (digest,) = compose([make_report()], [make_finding()], repairs)
    told = "表三（七）总计·自然人：0 改为 1"
    assert (told in _shown(digest)) is is_unique
    assert (told in _body(digest, "plain")) is is_unique


def test_findings_that_one_cell_explains_are_told_as_one_problem(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Four failed equations of one cell count once, with the correction and all of them beneath."""
    cell = "t3.closed.natural_person"
    names = ["T3-01 t3.closed", "T3-02 t3.natural_person", "T3-03 t3.natural_person"]
    findings = [
        make_finding(rule=name.split()[0], instance=name.split()[1], message=f"第{place}项")
        for place, name in enumerate(names, 1)
    ]
    alone = make_finding(rule="S-02", instance="report", cells=[], message="日期有误")
    repair = _repair(cell, is_unique=True) | {"equations": names}
    (digest,) = compose([make_report()], [*findings, alone], [repair])
    plain = _body(digest, "plain")
    assert "共 2 处问题" in plain
    assert "错误 2" in plain
    heading = "同一处问题，涉及以下 3 项核对"
    for text in (_shown(digest), plain):
        assert text.count(heading) == 1
        places = [text.index(said) for said in (heading, "0 改为 1", "第1项", "第2项", "第3项")]
        assert places == sorted(places)
        assert "日期有误" in text
    numbers = [row[-1] for row in _sheet(digest)[1:]]
    assert sorted(map(numbers.count, set(numbers))) == [1, 3]


def test_a_correction_stands_with_the_problem_it_explains(
    make_report: Make, make_finding: Make, compose: Compose
) -> None:
    """Of a repair of two cells, each problem shows its own; one that is not new shows none."""
    row = {"instance": "t3.company", "message": "表三·商业企业"}
    findings = [make_finding(), make_finding(**row)]
    repairs = [
        _repair("t3.closed.natural_person", is_unique=True),
        _repair("t3.granted.company", is_unique=True) | {"equations": ["T3-02 t3.company"]},
    ]
    (digest,) = compose([make_report()], findings, repairs)
    plain = _body(digest, "plain")
    places = [
        plain.index(said)
        for said in (
            "表三·商业企业",
            "（一）予以公开·商业企业：0 改为 1",
            "（七）总计·自然人：0 改为 1",
        )
    ]
    assert places == sorted(places)
    told = {"desk@example.org": frozenset(digest.fingerprints[:1])}
    (second,) = compose([make_report()], findings, repairs, told=told)
    assert _body(second, "plain").count("改为 1") == 1
