{#- Milliseconds of a lap time that is written as m:ss.fff or ss.fff; null if it is neither. -#}
{%- macro lap_time_ms(text) -%}
  cast(
    round(
      (
        coalesce(
          try_cast(regexp_extract({{ text }}, '^([0-9]+):[0-9.]+$', 1) as double), 0
        ) * 60
        + try_cast(regexp_extract({{ text }}, '^(?:[0-9]+:)?([0-9]+[.]?[0-9]*)$', 1) as double)
      ) * 1000
    ) as bigint
  )
{%- endmacro -%}
