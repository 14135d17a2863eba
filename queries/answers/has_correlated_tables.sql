/*---
id: has_correlated_tables
title: Whether correlation has run
description: A data folder that was only ingested has staged tables and no answers.
---*/
with tables as (select table_name from information_schema.tables)

select count(*) = 2 as is_there
from tables
where table_name in ('cor_sessions', 'cfg_settings')
