{# A map of blocks of R, F and M scores names each of the 125 cells once. #}
{% test covers_every_cell_once(model) %}

with

cells as (

    select
        r.score as r_score,
        f.score as f_score,
        m.score as m_score

    from range(1, 6) as r (score)

    cross join range(1, 6) as f (score)

    cross join range(1, 6) as m (score)

),

covered as (

    select
        cells.r_score,
        cells.f_score,
        cells.m_score,
        count(map.r_from) as block_count

    from cells

    left outer join {{ model }} as map
        on
            cells.r_score between map.r_from and map.r_to
            and cells.f_score between map.f_from and map.f_to
            and cells.m_score between map.m_from and map.m_to

    group by
        cells.r_score,
        cells.f_score,
        cells.m_score

)

select * from covered

where block_count <> 1

{% endtest %}
