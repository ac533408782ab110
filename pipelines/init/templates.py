"""The text of a model file, with places for what `driftloop init` has found."""

TYPES = {
    "decimal_comma": "decimal_comma: 1.234,5, as all values of the column are written",
    "thousands_comma": "thousands_comma: 1,234.5, as all values of the column are written",
    "text": "text: for the expression below",
}
SQL = "SQL expressions in the source's dialect"
ZONE = "  # time_zone: Europe/Berlin  # the times have no offset and are read as UTC; name their own zone here\n"
LOCAL = "  # time_zone: Europe/Berlin  # hour and weekday are those of UTC; name the zone whose clock counts here\n"
NAME_TOO = "name it in numeric, too"
# What the default policies need of labels, where these come late.
LATE = """\
    # recoverable_loss compares losses of labeled rows: it sees a change about {delay} after it began, once the labels
    # are complete; enough_labels prevents a retrain while there are fewer than {least} of them.
    # drift_share and estimated_loss need no labels.
"""
NOTIFY = """\
# notify:                    # mail, Slack, Teams, webhooks: apprise's URLs
#   urls: ["slack://${{SLACK_TOKEN}}"]
#   on: [{kinds}]
"""
TEMPLATE = """\
# yaml-language-server: $schema=driftloop.schema.json
# driftloop: one file per monitored model. Every key: docs/config.md
model: {name}
task: {task}                  # regression, binary or multiclass: check this guess

source:
{where}

columns:
{id}  time: {time}               # when the row happened
{zone}  target: {target}           # what the model predicts{target_note}
{weight}  label_delay: {delay}            # labels of rows older than this are complete{delay_note}
  numeric: {numeric}
  categorical: {categorical}
{codes}{spelled}{types}{left}{derived}
  # filter: "some_column > 0"                   # SQL condition; other rows are not read
{labels}
windows:
  current: {current}                # the fresh rows of one check
{reference}
# drift:                     # compare with the same weeks of last year, not with the newest training rows
#   reference: {{same_period: 1y}}

preflight:
  min_rows: {min_rows}               # fewer rows end a check as too_few_rows

performance:
  loss: {loss}                # {losses}

{metrics}{deciding}schedule:                    # for `driftloop serve`
  cron: "{cron}"
  time_zone: UTC
  # on: {{arrival: incoming/*.parquet}}           # check when a file arrives; or poll: 5m for a table

{notify}"""
# The sections of a model that driftloop trains.
HERE = """\
policies:                    # any trigger that fires requests a retrain, any guard that vetoes prevents it
  triggers:
{late}    - {{policy: recoverable_loss, cost: {{retrain: 0.2}}}}    # in units of the loss on the rows of one check
    # - {{policy: performance_drop, max_rise: 0.15}}
    # - {{policy: drift_share, threshold: 0.5}}
    # - {{policy: max_age, max_age_days: 90}}
  guards:
    - {{policy: enough_labels, min_labels: {min_labels}{of_class}}}{of_class_note}
    # - {{policy: cooldown, days: 7}}

training:
  window: {{choose: {training}}}     # labeled rows, the holdout included; probes also try twice it and all rows{season}
  holdout: {holdout}                # the newest part, kept for the gate
  min_rows: {training_rows}
  estimator: auto            # xgboost or a linear model; or a scikit-learn class by dotted path, or module:function
{params}
gate:                        # promotion test of a challenger
  confidence: 0.95
  min_rows: {gate_rows}
{gate_of_class}
"""
# Those of a model whose predictions are read.
ELSEWHERE = """\
{predictions}training: none               # the model is trained elsewhere; a check reports when a retrain is needed

policies:                    # any trigger that fires reports that a retrain is needed, any guard prevents it
  triggers:
    - {{policy: performance_drop, max_rise: 0.15}}
    # - {{policy: drift_share, threshold: 0.5}}
    # - {{policy: max_age, max_age_days: 90}}
  guards:
    - {{policy: enough_labels, min_labels: {min_labels}}}

"""
