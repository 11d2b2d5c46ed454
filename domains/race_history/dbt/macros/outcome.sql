{#- What became of an entry, from Ergast's position text: a place or a letter. -#}
{%- macro outcome(position_text) -%}
  case {{ position_text }}
    when 'R' then 'retired'
    when 'N' then 'not_classified'
    when 'D' then 'disqualified'
    when 'E' then 'excluded'
    when 'F' then 'not_qualified'
    when 'W' then 'not_started'
    else 'classified'
  end
{%- endmacro -%}


{#- Whether an entry of this outcome started the race. An excluded driver did not: Ergast's E and
    F1DB's EX are entries that were sent away before the start. -#}
{%- macro is_started(outcome) -%}
  {{ outcome }} not in ('excluded', 'not_qualified', 'not_started')
{%- endmacro -%}
