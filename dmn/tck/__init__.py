"""The judge: runs test cases of the DMN Technology Compatibility Kit and says which pass, and why the others do not.

Pure: files come in as bytes, reports go out as text. `ostinato conformance dmn-tck DIR` reads and writes the files.
"""

from dmn.tck.judge import CaseResult, FolderResult, NodeResult, judge_folder, values_match
from dmn.tck.report import to_csv, to_html

__all__ = ["CaseResult", "FolderResult", "NodeResult", "judge_folder", "to_csv", "to_html", "values_match"]
