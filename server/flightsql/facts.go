package flightsql

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/flight"
	fsql "github.com/apache/arrow-go/v18/arrow/flight/flightsql"
	"github.com/apache/arrow-go/v18/arrow/flight/flightsql/schema_ref"
	pb "github.com/apache/arrow-go/v18/arrow/flight/gen/flight"

	"github.com/lianji/lianji/internal/errs"
)

//go:embed keywords.txt
var keywordText string

// Functions that drivers offer by these names, beside all others that statements may
// use.
var (
	numericFunctions = strings.Fields("abs acos asin atan atan2 ceil ceiling cos cot degrees exp floor greatest least ln log log10 mod pi power radians round sign sin sqrt tan trunc")
	textFunctions    = strings.Fields("ascii bit_length char_length chr concat concat_ws contains ends_with left length lower lpad ltrim position regexp_matches regexp_replace repeat replace reverse right rpad rtrim starts_with strpos substr substring translate trim unicode upper")
	systemFunctions  = strings.Fields("coalesce ifnull nullif")
	timeFunctions    = strings.Fields("age current_date date_diff date_part date_trunc day dayname dayofmonth dayofweek dayofyear epoch extract hour last_day make_date minute month monthname now quarter second strftime strptime to_timestamp week year")
)

// mostText is the longest statement that is taken, in bytes.
const mostText = 1 << 20

// bits gives a set of the numbers of an enumeration.
func bits[N ~int32](numbers ...N) int32 {
	var out int32
	for _, n := range numbers {
		out |= 1 << n
	}
	return out
}

// factsOf gives the answer to every question of GetSqlInfo. Numbers that have no limit
// are 0.
func factsOf(version string) map[fsql.SqlInfo]any {
	out := map[fsql.SqlInfo]any{
		fsql.SqlInfoFlightSqlServerName:                        "lianji",
		fsql.SqlInfoFlightSqlServerVersion:                     version,
		fsql.SqlInfoFlightSqlServerArrowVersion:                arrow.PkgVersion,
		fsql.SqlInfoFlightSqlServerReadOnly:                    true,
		fsql.SqlInfoFlightSqlServerSql:                         true,
		fsql.SqlInfoFlightSqlServerSubstrait:                   false,
		fsql.SqlInfoFlightSqlServerSubstraitMinVersion:         "",
		fsql.SqlInfoFlightSqlServerSubstraitMaxVersion:         "",
		fsql.SqlInfoFlightSqlServerTransaction:                 int32(pb.SqlSupportedTransaction_SQL_SUPPORTED_TRANSACTION_NONE),
		fsql.SqlInfoFlightSqlServerCancel:                      true,
		fsql.SqlInfoFlightSqlServerBulkIngestion:               false,
		fsql.SqlInfoFlightSqlServerIngestTransactionsSupported: false,
		fsql.SqlInfoFlightSqlServerStatementTimeout:            int32(0),
		fsql.SqlInfoFlightSqlServerTransactionTimeout:          int32(0),

		fsql.SqlInfoDDLCatalog: false, fsql.SqlInfoDDLSchema: false, fsql.SqlInfoDDLTable: false,
		fsql.SqlInfoIdentifierCase:          int32(pb.SqlSupportedCaseSensitivity_SQL_CASE_SENSITIVITY_CASE_INSENSITIVE),
		fsql.SqlInfoIdentifierQuoteChar:     `"`,
		fsql.SqlInfoQuotedIdentifierCase:    int32(pb.SqlSupportedCaseSensitivity_SQL_CASE_SENSITIVITY_CASE_INSENSITIVE),
		fsql.SqlInfoAllTablesAreASelectable: true,
		fsql.SqlInfoNullOrdering:            int32(pb.SqlNullOrdering_SQL_NULLS_SORTED_AT_END),
		fsql.SqlInfoKeywords:                strings.Fields(keywordText),
		fsql.SqlInfoNumericFunctions:        numericFunctions,
		fsql.SqlInfoStringFunctions:         textFunctions,
		fsql.SqlInfoSystemFunctions:         systemFunctions,
		fsql.SqlInfoDateTimeFunctions:       timeFunctions,
		fsql.SqlInfoSearchStringEscape:      string(escape),
		fsql.SqlInfoExtraNameChars:          "",

		fsql.SqlInfoSupportsColumnAliasing:                 true,
		fsql.SqlInfoNullPlusNullIsNull:                     true,
		fsql.SqlInfoSupportsConvert:                        conversions(),
		fsql.SqlInfoSupportsTableCorrelationNames:          true,
		fsql.SqlInfoSupportsDifferentTableCorrelationNames: false,
		fsql.SqlInfoSupportsExpressionsInOrderBy:           true,
		fsql.SqlInfoSupportsOrderByUnrelated:               true,
		fsql.SqlInfoSupportedGroupBy:                       bits(pb.SqlSupportedGroupBy_SQL_GROUP_BY_UNRELATED, pb.SqlSupportedGroupBy_SQL_GROUP_BY_BEYOND_SELECT),
		fsql.SqlInfoSupportsLikeEscapeClause:               true,
		fsql.SqlInfoSupportsNonNullableColumns:             false,
		fsql.SqlInfoSupportedGrammar:                       bits(pb.SupportedSqlGrammar_SQL_MINIMUM_GRAMMAR, pb.SupportedSqlGrammar_SQL_CORE_GRAMMAR, pb.SupportedSqlGrammar_SQL_EXTENDED_GRAMMAR),
		fsql.SqlInfoANSI92SupportedLevel:                   bits(pb.SupportedAnsi92SqlGrammarLevel_ANSI92_ENTRY_SQL, pb.SupportedAnsi92SqlGrammarLevel_ANSI92_INTERMEDIATE_SQL),
		fsql.SqlInfoSupportsIntegrityEnhancementFacility:   false,
		fsql.SqlInfoOuterJoinsSupportLevel:                 bits(pb.SqlOuterJoinsSupportLevel_SQL_LIMITED_OUTER_JOINS, pb.SqlOuterJoinsSupportLevel_SQL_FULL_OUTER_JOINS),
		fsql.SqlInfoSchemaTerm:                             "agency",
		fsql.SqlInfoProcedureTerm:                          "",
		fsql.SqlInfoCatalogTerm:                            "",
		fsql.SqlInfoCatalogAtStart:                         true,
		fsql.SqlInfoSchemasSupportedActions:                bits[int32](),
		fsql.SqlInfoCatalogsSupportedActions:               bits[int32](),
		fsql.SqlInfoSupportedPositionedCommands:            bits[int32](),
		fsql.SqlInfoSelectForUpdateSupported:               false,
		fsql.SqlInfoStoredProceduresSupported:              false,
		fsql.SqlInfoSupportedSubqueries: bits(pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_COMPARISONS, pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_EXISTS,
			pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_INS, pb.SqlSupportedSubqueries_SQL_SUBQUERIES_IN_QUANTIFIEDS),
		fsql.SqlInfoCorrelatedSubqueriesSupported: true,
		fsql.SqlInfoSupportedUnions:               bits(pb.SqlSupportedUnions_SQL_UNION, pb.SqlSupportedUnions_SQL_UNION_ALL),

		fsql.SqlInfoMaxStatementLen:                               int64(mostText),
		fsql.SqlInfoMaxStatements:                                 int64(0),
		fsql.SqlInfoMaxRowSize:                                    int64(maxRow),
		fsql.SqlInfoMaxRowSizeIncludesBlobs:                       true,
		fsql.SqlInfoDefaultTransactionIsolation:                   int64(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_NONE), // the JDBC driver reads 64 bits
		fsql.SqlInfoTransactionsSupported:                         false,
		fsql.SqlInfoSupportedTransactionsIsolationlevels:          bits(pb.SqlTransactionIsolationLevel_SQL_TRANSACTION_NONE),
		fsql.SqlInfoDataDefinitionCausesTransactionCommit:         false,
		fsql.SqlInfoDataDefinitionsInTransactionsIgnored:          false,
		fsql.SqlInfoSupportedResultSetTypes:                       bits(pb.SqlSupportedResultSetType_SQL_RESULT_SET_TYPE_FORWARD_ONLY),
		fsql.SqlInfoSupportedConcurrenciesForResultSetForwardOnly: bits(pb.SqlSupportedResultSetConcurrency_SQL_RESULT_SET_CONCURRENCY_READ_ONLY),
		fsql.SqlInfoBatchUpdatesSupported:                         false,
		fsql.SqlInfoSavePointsSupported:                           false,
		fsql.SqlInfoNamedParametersSupported:                      false,
		fsql.SqlInfoLocatorsUpdateCopy:                            false,
		fsql.SqlInfoStoredFunctionsUsingCallSyntaxSupported:       false,
	}
	for n := fsql.SqlInfoMaxBinaryLiteralLen; n <= fsql.SqlInfoMaxUsernameLen; n++ {
		if _, said := out[n]; !said {
			out[n] = int64(0)
		}
	}
	for _, n := range []fsql.SqlInfo{
		fsql.SqlInfoSupportedConcurrenciesForResultSetUnspecified,
		fsql.SqlInfoSupportedConcurrenciesForResultSetScrollSensitive, fsql.SqlInfoSupportedConcurrenciesForResultSetScrollInsensitive,
	} {
		out[n] = bits[int32]()
	}
	return out
}

// conversions says which types CAST turns into which: numbers into each other and into
// text, and text into all.
func conversions() map[int32][]int32 {
	numbers := []int32{
		int32(pb.SqlSupportsConvert_SQL_CONVERT_BIGINT), int32(pb.SqlSupportsConvert_SQL_CONVERT_BIT), int32(pb.SqlSupportsConvert_SQL_CONVERT_DECIMAL),
		int32(pb.SqlSupportsConvert_SQL_CONVERT_FLOAT), int32(pb.SqlSupportsConvert_SQL_CONVERT_INTEGER), int32(pb.SqlSupportsConvert_SQL_CONVERT_NUMERIC),
		int32(pb.SqlSupportsConvert_SQL_CONVERT_REAL), int32(pb.SqlSupportsConvert_SQL_CONVERT_SMALLINT), int32(pb.SqlSupportsConvert_SQL_CONVERT_TINYINT),
	}
	text := []int32{int32(pb.SqlSupportsConvert_SQL_CONVERT_CHAR), int32(pb.SqlSupportsConvert_SQL_CONVERT_VARCHAR)}
	date, timestamp, clock := int32(pb.SqlSupportsConvert_SQL_CONVERT_DATE), int32(pb.SqlSupportsConvert_SQL_CONVERT_TIMESTAMP), int32(pb.SqlSupportsConvert_SQL_CONVERT_TIME)
	out := map[int32][]int32{date: append([]int32{timestamp}, text...), timestamp: append([]int32{date, clock}, text...), clock: text}
	for _, n := range numbers {
		out[n] = append(slices.Clone(numbers), text...)
	}
	for _, t := range text {
		out[t] = append(append(slices.Clone(numbers), text...), date, timestamp, clock)
	}
	return out
}

// facts answers GetSqlInfo.
type facts struct {
	base    fsql.BaseServer
	numbers []uint32 // in order
}

func newFacts(version string) (*facts, error) {
	f := &facts{}
	all := factsOf(version)
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if err := f.base.RegisterSqlInfo(n, all[n]); err != nil {
			return nil, err
		}
		f.numbers = append(f.numbers, uint32(n))
	}
	return f, nil
}

// batch gives the answers to some questions, or to all; to one that is not known, none.
func (f *facts) batch(wanted []uint32) (arrow.RecordBatch, error) {
	numbers := f.numbers
	if len(wanted) > 0 {
		numbers = slices.DeleteFunc(slices.Clone(wanted), func(n uint32) bool { return !slices.Contains(f.numbers, n) })
	}
	if len(numbers) == 0 {
		return emptyBatch(schema_ref.SqlInfo), nil
	}
	_, chunks, err := f.base.DoGetSqlInfo(context.Background(), &pb.CommandGetSqlInfo{Info: numbers})
	if err != nil {
		return nil, errs.From(err)
	}
	return single(chunks)
}

// single gives the one batch of an answer.
func single(chunks <-chan flight.StreamChunk) (batch arrow.RecordBatch, err error) {
	for c := range chunks {
		switch {
		case c.Err != nil:
			err = errs.From(c.Err)
		case c.Data != nil && batch == nil:
			batch = c.Data
		}
	}
	if batch == nil && err == nil {
		err = errs.Internalf("no facts")
	}
	return batch, err
}
