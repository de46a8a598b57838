"""The client of PyPI against a running `bingli serve`: python tests/languagetool.py URL"""

import sys
from importlib.metadata import version

import language_tool_python

text = "入院记录\n主诉：咳嗽😀、咳痰3天。\n体格检查：𠮷神清，体温82℃，颈软。\n"

with language_tool_python.LanguageTool("zh-CN", remote_server=sys.argv[1]) as tool:
    matches = tool.check(text)
    found = [text[match.offset : match.offset + match.error_length] for match in matches]
    assert "体温82℃" in found, found
    match = matches[found.index("体温82℃")]
    assert match.rule_issue_type == "non-conformance" and match.category.startswith("C-"), match
    assert "体温82℃" in match.context and match.replacements == [], match
    # There is nothing to replace: the record stays as it was written.
    assert tool.correct(text) == text
    tool.disabled_rules = {match.rule_id}
    assert not any(other.rule_id == match.rule_id for other in tool.check(text))
    assert tool.check("入院记录\n主诉：咳嗽3天。\n") == []

print(f"language_tool_python {version('language_tool_python')}: {len(matches)} matches, {found}")
