"""The TCLIService that clients call: sessions, statements, results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from f1mesh.warehouse.catalog.entries import Namespace
from f1mesh.warehouse.errors import SqlError, catalog_not_found
from f1mesh.warehouse.lease import Lease
from f1mesh.warehouse.protocol import metadata
from f1mesh.warehouse.protocol.arrow import Page, Pages
from f1mesh.warehouse.protocol.operations import Note, Operation, Operations, Work
from f1mesh.warehouse.protocol.thrift import types as ttypes
from f1mesh.warehouse.results import Result
from f1mesh.warehouse.sessions import Session, Sessions
from f1mesh.warehouse.sql.parameters import Parameter, bind
from f1mesh.warehouse.statements import settings
from f1mesh.warehouse.statements.execute import execute
from f1mesh.warehouse.warehouse import Warehouse

VERSION = ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8
DIRECT_SECONDS = 5.0  # how long a statement may take before its client has to ask again
POLL_SECONDS = 2.0  # how long such a question waits for the answer
OK = ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)


def failed(error: SqlError) -> Any:
    """A status that clients raise as an error."""
    return ttypes.TStatus(
        statusCode=ttypes.TStatusCode.ERROR_STATUS,
        errorMessage=str(error),
        displayMessage=str(error),
        sqlState=error.sqlstate,
    )


class Service:
    """What the generated Thrift processor calls; method names are the protocol's."""

    def __init__(self, warehouse: Warehouse, default_catalog: str) -> None:
        self._warehouse = warehouse
        self._default = default_catalog
        self.sessions = Sessions()
        self.operations = Operations(warehouse.engine)

    # -- sessions

    def OpenSession(self, req: Any) -> Any:
        try:
            session = self._open(req)
        except SqlError as error:
            return ttypes.TOpenSessionResp(status=failed(error), serverProtocolVersion=VERSION)
        handle = ttypes.TSessionHandle(
            sessionId=ttypes.THandleIdentifier(guid=session.id, secret=session.id),
            serverProtocolVersion=VERSION,
        )
        return ttypes.TOpenSessionResp(
            status=OK,
            serverProtocolVersion=VERSION,
            sessionHandle=handle,
            configuration={},
            initialNamespace=req.initialNamespace,
            canUseMultipleCatalogs=True,
        )

    def _open(self, req: Any) -> Session:
        initial = req.initialNamespace
        catalog = ((initial and initial.catalogName) or self._default).lower()
        schema = ((initial and initial.schemaName) or "default").lower()
        if catalog not in self._warehouse.catalog.catalogs():
            raise catalog_not_found(catalog)
        for expired in self.sessions.expire():
            self.operations.close_session(expired)
        session = self.sessions.open(Namespace(catalog, schema))
        for key, value in (req.configuration or {}).items():
            settings.apply(session, key, value)
        return session

    def CloseSession(self, req: Any) -> Any:
        ident = req.sessionHandle.sessionId.guid
        with suppress(SqlError):  # closed already
            self.operations.close_session(self.sessions.get(ident))
        self.sessions.close(ident)
        return ttypes.TCloseSessionResp(status=OK)

    # -- statements

    def ExecuteStatement(self, req: Any) -> Any:
        def work(session: Session) -> Work:
            for key, value in (req.confOverlay or {}).items():
                settings.apply(session, key, value)
            parameters = [_parameter(p) for p in req.parameters or []]

            def run(lease: Lease, note: Note) -> Result:
                text = bind(req.statement, parameters)
                return execute(self._warehouse, session, lease, text, note)

            return run

        return self._start(ttypes.TExecuteStatementResp, req, work)

    def _start(self, answer: Any, req: Any, make: Callable[[Session], Work]) -> Any:
        """Run something that gives a result, and answer at once if it is quick."""
        try:
            session = self.sessions.get(req.sessionHandle.sessionId.guid)
            work = make(session)
        except SqlError as error:
            return answer(status=failed(error))
        operation = self.operations.start(session, work, _nested(req))
        direct = None
        if req.getDirectResults is not None and operation.wait(DIRECT_SECONDS):
            direct = self._direct(operation, req.getDirectResults.maxRows)
        return answer(status=OK, operationHandle=_handle(operation), directResults=direct)

    def _direct(self, operation: Operation, max_rows: int) -> Any:
        status = _status(operation)
        if status.operationState != ttypes.TOperationState.FINISHED_STATE:
            self.operations.close(operation.id)
            return ttypes.TSparkDirectResults(operationStatus=status)
        results = self._fetch(operation, max_rows)
        closed = None
        if not results.hasMoreRows:
            self.operations.close(operation.id)
            closed = ttypes.TCloseOperationResp(status=OK)
        return ttypes.TSparkDirectResults(
            operationStatus=status,
            resultSetMetadata=results.resultSetMetadata,
            resultSet=results,
            closeOperation=closed,
        )

    def _fetch(self, operation: Operation, max_rows: int) -> Any:
        try:
            page = operation.page(max_rows)
        except SqlError as error:
            return ttypes.TFetchResultsResp(status=failed(error))
        assert operation.pages is not None
        return _results(page, operation.pages)

    # -- operations

    def GetOperationStatus(self, req: Any) -> Any:
        try:
            operation = self.operations.get(req.operationHandle.operationId.guid)
        except SqlError as error:
            return ttypes.TGetOperationStatusResp(status=failed(error))
        operation.wait(POLL_SECONDS)
        return _status(operation)

    def GetResultSetMetadata(self, req: Any) -> Any:
        try:
            operation = self.operations.get(req.operationHandle.operationId.guid)
        except SqlError as error:
            return ttypes.TGetResultSetMetadataResp(status=failed(error))
        operation.wait(DIRECT_SECONDS)
        if operation.pages is None:
            told = operation.error() or SqlError("INTERNAL_ERROR", "No result yet.", "XX000")
            return ttypes.TGetResultSetMetadataResp(status=failed(told))
        return _result_metadata(operation.pages)

    def FetchResults(self, req: Any) -> Any:
        try:
            operation = self.operations.get(req.operationHandle.operationId.guid)
        except SqlError as error:
            return ttypes.TFetchResultsResp(status=failed(error))
        return self._fetch(operation, req.maxRows)

    def CloseOperation(self, req: Any) -> Any:
        self.operations.close(req.operationHandle.operationId.guid)
        return ttypes.TCloseOperationResp(status=OK)

    def CancelOperation(self, req: Any) -> Any:
        try:
            self.operations.get(req.operationHandle.operationId.guid).cancel()
        except SqlError as error:
            return ttypes.TCancelOperationResp(status=failed(error))
        return ttypes.TCancelOperationResp(status=OK)

    # -- metadata

    def GetInfo(self, req: Any) -> Any:
        return ttypes.TGetInfoResp(status=OK, infoValue=metadata.info(req.infoType))

    def GetCatalogs(self, req: Any) -> Any:
        return self._listing(ttypes.TGetCatalogsResp, req, metadata.catalogs)

    def GetSchemas(self, req: Any) -> Any:
        return self._listing(ttypes.TGetSchemasResp, req, metadata.schemas)

    def GetTables(self, req: Any) -> Any:
        return self._listing(ttypes.TGetTablesResp, req, metadata.tables)

    def GetTableTypes(self, req: Any) -> Any:
        return self._listing(ttypes.TGetTableTypesResp, req, metadata.table_types)

    def GetColumns(self, req: Any) -> Any:
        return self._listing(ttypes.TGetColumnsResp, req, metadata.columns)

    def _listing(
        self, answer: Any, req: Any, read: Callable[[Warehouse, Session, Any], Result]
    ) -> Any:
        def work(session: Session) -> Work:
            def run(lease: Lease, note: Note) -> Result:
                note(f"get {read.__name__}")
                return read(self._warehouse, session, req)

            return run

        return self._start(answer, req, work)


def _handle(operation: Operation) -> Any:
    return ttypes.TOperationHandle(
        operationId=ttypes.THandleIdentifier(guid=operation.id, secret=operation.id),
        operationType=ttypes.TOperationType.EXECUTE_STATEMENT,
        hasResultSet=True,
    )


def _status(operation: Operation) -> Any:
    states = ttypes.TOperationState
    if not operation.wait(0):
        return ttypes.TGetOperationStatusResp(status=OK, operationState=states.RUNNING_STATE)
    error = operation.error()
    if error is None:
        return ttypes.TGetOperationStatusResp(
            status=OK, operationState=states.FINISHED_STATE, hasResultSet=True
        )
    return ttypes.TGetOperationStatusResp(
        status=OK,
        operationState=states.CANCELED_STATE if operation.canceled else states.ERROR_STATE,
        sqlState=error.sqlstate,
        errorMessage=str(error),
        displayMessage=str(error),
        hasResultSet=False,
    )


def _results(page: Page, pages: Pages) -> Any:
    batches = [
        ttypes.TSparkArrowBatch(batch=b.serialize().to_pybytes(), rowCount=b.num_rows)
        for b in page.batches
    ]
    return ttypes.TFetchResultsResp(
        status=OK,
        hasMoreRows=page.more,
        results=ttypes.TRowSet(startRowOffset=page.start, rows=[], arrowBatches=batches),
        resultSetMetadata=_result_metadata(pages),
    )


def _result_metadata(pages: Pages) -> Any:
    columns = [
        ttypes.TColumnDesc(columnName=f.name, typeDesc=kind, position=i + 1, comment="")
        for i, (f, kind) in enumerate(zip(pages.schema, pages.types, strict=True))
    ]
    return ttypes.TGetResultSetMetadataResp(
        status=OK,
        schema=ttypes.TTableSchema(columns=columns),
        resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
        lz4Compressed=False,
        arrowSchema=pages.schema.serialize().to_pybytes(),
        isStagingOperation=False,
    )


def _nested(req: Any) -> bool:
    """Whether the client takes nested values as Arrow (else as JSON text)."""
    native = getattr(req, "useArrowNativeTypes", None)
    return native is None or native.complexTypesAsArrow is not False


def _parameter(given: Any) -> Parameter:
    items = tuple(map(_item, given.arguments or ()))
    return Parameter(given.name or None, given.type or "STRING", _text(given.value), items)


def _item(given: Any) -> Parameter:
    """An element of an array or map, whose value is a text and no union."""
    return Parameter(
        None, given.type or "STRING", given.value, tuple(map(_item, given.arguments or ()))
    )


def _text(value: Any) -> str | None:
    """The value of a parameter, in whichever form it was sent."""
    if value is None:
        return None
    if value.booleanValue is not None:
        return str(value.booleanValue).lower()
    if value.doubleValue is not None:
        return repr(value.doubleValue)
    text: str | None = value.stringValue
    return text
