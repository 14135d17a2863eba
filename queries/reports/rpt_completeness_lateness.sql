/*---
id: rpt_completeness_lateness
title: How late records were landed
description: |
  Records of the period by the time from what they record to their landing here, in classes, by source. For logs that came as files this is when the
  files were handed over, and says nothing of how fast the source wrote them. A sign-in counts with the first version that was landed.
params: { from: timestamptz, to: timestamptz }
controls: [soc2:PI1.4, iso27001:A.8.15]
---*/
with batches as (select seq, landed_at from lnd_batches),

sign_ins as (
  select tenant_id, sign_in_id, min(batch_seq) as batch_seq, min(created_at) as created_at
  from stg_sign_ins
  where created_at >= $from and created_at < $to
  group by tenant_id, sign_in_id
),

records as (
  select 'cloudtrail' as source, batch_seq, event_at as recorded_at from stg_events where event_at >= $from and event_at < $to
  union all
  select 'ecs_events', batch_seq, event_at from stg_task_events where event_at >= $from and event_at < $to
  union all
  select 'ecs_events', batch_seq, event_at from stg_ecs_events where event_at >= $from and event_at < $to
  union all
  select 'sign_ins', batch_seq, created_at from sign_ins
),

delays as (
  select r.source, date_diff('second', r.recorded_at, b.landed_at) as seconds
  from records r
  left join batches b on b.seq = r.batch_seq
),

classed as (
  select
    source,
    case
      when seconds is null then 8 when seconds < 0 then 0 when seconds <= 300 then 1 when seconds <= 900 then 2 when seconds <= 3600 then 3
      when seconds <= 21600 then 4 when seconds <= 86400 then 5 when seconds <= 604800 then 6 else 7
    end as position
  from delays
),

classes as (
  select position, label
  from (
    values
      (0, 'before its own time'), (1, 'up to 5 minutes'), (2, 'up to 15 minutes'), (3, 'up to 1 hour'), (4, 'up to 6 hours'), (5, 'up to 1 day'),
      (6, 'up to 7 days'), (7, 'more than 7 days'), (8, 'its batch is not in the ledger')
  ) as c (position, label)
)

select
  c.label, count(k.source) filter (where k.source = 'cloudtrail') as cloudtrail, count(k.source) filter (where k.source = 'ecs_events') as ecs_events,
  count(k.source) filter (where k.source = 'sign_ins') as sign_ins
from classes c
left join classed k on k.position = c.position
group by c.position, c.label
order by c.position
