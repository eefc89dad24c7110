-- Purpose: how many instances of each workflow are staged. Parameters: none.
SELECT workflow, count() AS instances FROM staged_instances GROUP BY workflow ORDER BY workflow
