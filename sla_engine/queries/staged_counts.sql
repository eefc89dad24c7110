-- Purpose: what judging the staged clocks came to. Parameters: none.
SELECT count() AS judged, countIf(is_news) AS news, countIf(is_new) AS opened FROM staged_verdicts
