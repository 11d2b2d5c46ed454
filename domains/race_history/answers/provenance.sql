-- title: Where the data comes from
-- shape: record
select
  source,
  version,
  is_simulated as simulated,
  licence
from race_history.data_provenance
