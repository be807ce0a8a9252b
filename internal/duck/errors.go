package duck

import (
	"strings"

	duckdb "github.com/duckdb/duckdb-go-bindings"
)

// Kind is what went wrong in DuckDB. The zero Kind is internal.
type Kind uint8

// The kinds that callers tell apart.
const (
	KindInternal Kind = iota
	KindParser
	KindBinder
	KindCatalog
	KindData // conversion, overflow, division, a failed function
	KindMemory
	KindIO
	KindDiskFull
	KindInterrupt
	KindPermission
	KindUnsupported
)

// Error is an error of DuckDB. Its message may quote statements and values: it
// is for the operator's log, never for a person's eyes.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

// OfData stands in a log for the words of an error that comes out of data: they quote
// values and literals, and no pattern finds all of them again.
const OfData = "an error of DuckDB about data, whose words may quote values"

// Fatal reports whether the instance must be thrown away.
func (e *Error) Fatal() bool { return e.Kind == KindInternal }

var kindOf = map[duckdb.ErrorType]Kind{
	duckdb.ErrorTypeOutOfRange: KindData, duckdb.ErrorTypeConversion: KindData, duckdb.ErrorTypeDecimal: KindData,
	duckdb.ErrorTypeMismatchType: KindData, duckdb.ErrorTypeDivideByZero: KindData, duckdb.ErrorTypeInvalidInput: KindData,
	duckdb.ErrorTypeObjectSize: KindData, duckdb.ErrorTypeExecutor: KindData, duckdb.ErrorTypeInvalidType: KindData, duckdb.ErrorTypeConstraint: KindData,
	duckdb.ErrorTypeParser: KindParser, duckdb.ErrorTypeSyntax: KindParser,
	duckdb.ErrorTypeBinder: KindBinder, duckdb.ErrorTypeParameterNotResolved: KindBinder, duckdb.ErrorTypeParameterNotAllowed: KindBinder, duckdb.ErrorTypeExpression: KindBinder,
	duckdb.ErrorTypeCatalog: KindCatalog, duckdb.ErrorTypeMissingExtension: KindCatalog, duckdb.ErrorTypeAutoload: KindCatalog,
	duckdb.ErrorTypeOutOfMemory: KindMemory, duckdb.ErrorTypeErrorIO: KindIO, duckdb.ErrorTypeInterrupt: KindInterrupt,
	duckdb.ErrorTypePermission: KindPermission, duckdb.ErrorTypeNotImplemented: KindUnsupported,
}

// prefixes are how messages begin that come without an error type (prepare, open).
var prefixes = []struct {
	text string
	kind Kind
}{
	{"Parser Error", KindParser}, {"Syntax Error", KindParser}, {"Binder Error", KindBinder}, {"Parameter Not", KindBinder}, {"Catalog Error", KindCatalog},
	{"Conversion Error", KindData}, {"Out of Range Error", KindData}, {"Invalid Input Error", KindData}, {"Mismatch Type Error", KindData}, {"Divide by Zero", KindData},
	{"Out of Memory Error", KindMemory}, {"IO Error", KindIO}, {"INTERRUPT Error", KindInterrupt}, {"Permission Error", KindPermission}, {"Not implemented Error", KindUnsupported},
}

func parseError(message string) *Error {
	e := &Error{Message: message}
	for _, p := range prefixes {
		if strings.HasPrefix(message, p.text) {
			e.Kind = p.kind
			break
		}
	}
	return e.refine()
}

// refine tells a full spill folder from other out-of-memory and IO errors.
func (e *Error) refine() *Error {
	m := e.Message
	switch {
	case e.Kind == KindMemory && (strings.Contains(m, "max_temp_directory_size") || strings.Contains(m, "failed to offload")),
		e.Kind == KindIO && strings.Contains(m, "No space left"):
		e.Kind = KindDiskFull
	}
	return e
}

func resultError(res *duckdb.Result) error {
	message := duckdb.ResultError(res)
	kind, known := kindOf[duckdb.ResultErrorType(res)]
	if !known {
		return parseError(message)
	}
	return (&Error{Kind: kind, Message: message}).refine()
}

func resultErrorOrNil(res *duckdb.Result) error {
	if duckdb.ResultError(res) == "" {
		return nil
	}
	return resultError(res)
}
