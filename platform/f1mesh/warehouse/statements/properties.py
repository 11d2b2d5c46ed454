"""Table properties that clients may set: kept, and either honoured or without effect on results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from f1mesh.warehouse.errors import SqlError, unsupported
from f1mesh.warehouse.storage.constraints import CHECK_PREFIX

# Properties of Delta that change only how data is laid out, never what a query sees.
LAYOUT_PROPERTIES = (
    "delta.autooptimize.", "delta.dataskipping", "delta.targetfilesize", "delta.tunefilesizes",
    "delta.parquet.", "delta.checkpointinterval", "delta.checkpointpolicy",
    "delta.logretentionduration", "delta.deletedfileretentionduration",
    "delta.settransactionretentionduration", "delta.enabledeletionvectors",
    "delta.randomizefileprefixes", "delta.randomprefixlength",
)  # fmt: skip

# With `delta.feature.x = supported` a table may use a feature; what then uses it is honoured or
# refused in a place of its own (a DEFAULT, a generated column, a property that enables something).
FEATURE = "delta.feature."
_FEATURE_STATES = ("supported", "enabled")
FEATURES = frozenset({
    "allowColumnDefaults", "appendOnly", "changeDataFeed", "checkConstraints", "clustering",
    "columnMapping", "deletionVectors", "domainMetadata", "generatedColumns", "icebergCompatV1",
    "icebergCompatV2", "identityColumns", "inCommitTimestamp", "invariants", "rowTracking",
    "timestampNtz", "typeWidening", "v2Checkpoint", "vacuumProtocolCheck", "variantType",
})  # fmt: skip
_KNOWN_FEATURES = frozenset(name.lower() for name in FEATURES)

# What the warehouse does in any case.
_ALWAYS_SO = {
    "delta.enabletypewidening": ("true",),
    "delta.isolationlevel": ("serializable", "writeserializable"),
}
_NOT_USED = ("false", "none")


def checked_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """Properties that may be set by a client. Raises for those that would have to change what the
    warehouse does and cannot."""
    return {key: _checked(key, value) for key, value in properties.items()}


def refuse_reserved(keys: Iterable[str]) -> None:
    """Raise for properties in which the warehouse keeps constraints and clustering."""
    for key in keys:
        if key.lower().startswith(("f1mesh.", CHECK_PREFIX)):
            raise unsupported(
                f"changing the property {key}", "Use ALTER TABLE ADD or DROP CONSTRAINT."
            )


def _checked(key: str, value: str) -> str:
    low, setting = key.lower(), value.lower()
    refuse_reserved([key])
    if low.startswith(FEATURE):
        return _feature_state(key, setting)
    if not low.startswith("delta.") or low.startswith(LAYOUT_PROPERTIES):
        return value
    if low == "delta.appendonly" and setting in ("true", "false"):
        return value
    if setting in _NOT_USED or setting in _ALWAYS_SO.get(low, ()):
        return value
    raise unsupported(f"the table property {key} = {value}", "Leave it out.")


def _feature_state(key: str, state: str) -> str:
    """`supported`, as Delta shows a feature that a table may use, however it was asked for."""
    if state not in _FEATURE_STATES:
        raise SqlError(
            "DELTA_UNSUPPORTED_FEATURE_STATUS",
            f"Expecting the status for table feature {key} to be 'supported', but got '{state}'.",
            "0AKDE",
        )
    name = key[len(FEATURE) :]
    if name.lower() not in _KNOWN_FEATURES:
        raise unsupported(f"the table feature {name}", "Leave it out.")
    return _FEATURE_STATES[0]
