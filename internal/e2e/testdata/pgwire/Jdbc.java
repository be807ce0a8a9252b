import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** PostgreSQL's driver on the door; a line for each thing that it saw. Its walk is that of the Flight SQL driver. */
public class Jdbc {
    interface Step {
        Object run() throws Exception;
    }

    static void step(String name, Step s) {
        String said;
        try {
            said = String.valueOf(s.run());
        } catch (SQLException e) {
            said = e.getSQLState() + " " + e.getMessage();
        } catch (Exception e) {
            said = "THROWS " + e;
        }
        System.out.println(name + " = " + said.replaceAll("\\s*Detail: Query \\w+", "").replaceAll("\\s*\n\\s*", " "));
    }

    static Connection connect(String url, String more) throws SQLException {
        return DriverManager.getConnection(url + more, "analyst", "");
    }

    public static void main(String[] args) throws Exception {
        String url = args[0];
        try (Connection c = connect(url, "")) {
            System.out.println("version " + c.getMetaData().getDriverName() + " " + c.getMetaData().getDriverVersion() + " Java " + System.getProperty("java.version"));
            if (args.length > 1) {
                large(c, args[1]);
                return;
            }
            Walk.walk(c.getMetaData(), "型");
            metadata(c);
            statements(c);
            parameters(c);
            transactions(c);
            ends(c);
            for (String sql : new String[] {"SELECT '张', nam FROM 政务.户", "SELECT * FROM 政务.无", "DELETE FROM 政务.户", "CREATE TABLE t (a INT)"}) {
                step(sql, () -> rows(c, sql));
            }
            step("place of an error", () -> {
                try {
                    return rows(c, "SELECT '张', nam FROM 政务.户");
                } catch (org.postgresql.util.PSQLException e) {
                    return e.getServerErrorMessage().getPosition() + " " + e.getServerErrorMessage().getHint();
                }
            });
            step("copy", () -> {
                StringWriter out = new StringWriter();
                long n = new org.postgresql.copy.CopyManager(c.unwrap(org.postgresql.core.BaseConnection.class)).copyOut("COPY (SELECT id, name FROM 政务.户 WHERE id <= 2 ORDER BY id) TO STDOUT (FORMAT csv)", out);
                return n + " " + out;
            });
            step("afterwards", () -> rows(c, "SELECT 1"));
        }
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            step("preferQueryMode " + mode, () -> {
                try (Connection c = connect(url, "?preferQueryMode=" + mode); PreparedStatement s = c.prepareStatement("SELECT id, name FROM 政务.户 WHERE id = ? AND name = ?")) {
                    List<String> out = new ArrayList<>();
                    for (int i = 1; i <= 6; i++) {
                        s.setInt(1, i);
                        s.setString(2, "n" + i);
                        out.add(Walk.rows(s.executeQuery()));
                    }
                    return out;
                }
            });
        }
    }

    static String rows(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            return Walk.rows(s.executeQuery(sql));
        }
    }

    static void metadata(Connection c) {
        step("tables", () -> Walk.rows(c.getMetaData().getTables(null, "政务", null, new String[] {"TABLE"})));
        step("tables like", () -> Walk.rows(c.getMetaData().getTables(null, "%", "册", null)));
        step("columns", () -> {
            StringBuilder out = new StringBuilder();
            try (ResultSet r = c.getMetaData().getColumns(null, "政务", "型", "%")) {
                while (r.next()) {
                    out.append(r.getString("COLUMN_NAME") + ":" + r.getString("TYPE_NAME") + ":" + r.getInt("DATA_TYPE") + ":" + r.getInt("COLUMN_SIZE") + ":" + r.getInt("DECIMAL_DIGITS") + ":" + r.getInt("ORDINAL_POSITION") + " ");
                }
            }
            return out;
        });
        step("types", () -> {
            List<String> out = new ArrayList<>();
            try (ResultSet r = c.getMetaData().getTypeInfo()) {
                while (r.next()) {
                    out.add(r.getString("TYPE_NAME"));
                }
            }
            return out.containsAll(Arrays.asList("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "bytea", "date", "time", "timestamp", "timestamptz", "interval", "uuid", "json", "_int4", "_text"));
        });
        step("columns of an answer", () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT id, n, name AS 名, tz FROM 政务.型 JOIN 政务.户 USING (id) WHERE id = ?")) {
                StringBuilder out = new StringBuilder();
                for (int i = 1; i <= s.getMetaData().getColumnCount(); i++) {
                    out.append(s.getMetaData().getColumnLabel(i) + ":" + s.getMetaData().getColumnTypeName(i) + ":" + s.getMetaData().getPrecision(i) + ":" + s.getMetaData().getScale(i) + ":" + s.getMetaData().getColumnClassName(i) + " ");
                }
                return out + s.getParameterMetaData().getParameterTypeName(1);
            }
        });
    }

    /** Rows of every type, as text and in binary: the driver changes over at its fifth execution. */
    static void statements(Connection c) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT * FROM 政务.型 WHERE id <= ? ORDER BY id")) {
            String first = null;
            for (int i = 1; i <= 7; i++) {
                s.setInt(1, 9);
                StringBuilder out = new StringBuilder();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        for (int k = 1; k <= r.getMetaData().getColumnCount(); k++) {
                            out.append(k > 1 ? "|" : "").append(value(r, k));
                        }
                        out.append("\n");
                    }
                }
                if (first == null) {
                    first = out.toString();
                    for (String line : first.split("\n")) {
                        System.out.println("row " + line.replaceAll("长{3000}", "(3000)"));
                    }
                } else if (!first.equals(out.toString())) {
                    System.out.println("execution " + i + " DIFFERS: " + out);
                }
            }
            System.out.println("executions = 7");
        }
    }

    static String value(ResultSet r, int k) throws SQLException {
        Object v = switch (r.getMetaData().getColumnTypeName(k)) {
            case "timestamp" -> r.getObject(k, LocalDateTime.class);
            case "timestamptz" -> r.getObject(k, OffsetDateTime.class);
            case "date" -> r.getObject(k, LocalDate.class);
            case "time" -> r.getObject(k, LocalTime.class);
            case "bytea" -> r.getBytes(k) == null ? null : Arrays.toString(r.getBytes(k));
            default -> r.getObject(k);
        };
        if (v instanceof Array a) {
            return Arrays.toString((Object[]) a.getArray());
        }
        return String.valueOf(v);
    }

    interface Setter {
        void set(PreparedStatement s, int i) throws Exception;
    }

    /** Each kind of parameter finds the first row by its column, and as a value comes back as it was. */
    static void parameters(Connection c) {
        Map<String, Setter> all = new LinkedHashMap<>();
        all.put("b:BOOLEAN:setBoolean", (s, i) -> s.setBoolean(i, true));
        all.put("i2:SMALLINT:setShort", (s, i) -> s.setShort(i, (short) 1));
        all.put("i4:INTEGER:setInt", (s, i) -> s.setInt(i, 1));
        all.put("i8:BIGINT:setLong", (s, i) -> s.setLong(i, 1));
        all.put("f4:FLOAT:setFloat", (s, i) -> s.setFloat(i, 1.5f));
        all.put("f8:DOUBLE:setDouble", (s, i) -> s.setDouble(i, 1.5));
        all.put("n:DECIMAL(12,3):setBigDecimal", (s, i) -> s.setBigDecimal(i, new BigDecimal("1.5")));
        all.put("t:VARCHAR:setString", (s, i) -> s.setString(i, "政务 'x' \\ \""));
        all.put("bt:BLOB:setBytes", (s, i) -> s.setBytes(i, new byte[] {97, 98, 0, -1}));
        all.put("d:DATE:setDate", (s, i) -> s.setDate(i, Date.valueOf("2024-02-29")));
        all.put("d:DATE:LocalDate", (s, i) -> s.setObject(i, LocalDate.of(2024, 2, 29)));
        all.put("ti:TIME:LocalTime", (s, i) -> s.setObject(i, LocalTime.parse("12:34:56.789012")));
        all.put("ts:TIMESTAMP:setTimestamp", (s, i) -> s.setTimestamp(i, Timestamp.valueOf("2024-02-29 12:34:56.789012")));
        all.put("ts:TIMESTAMP:LocalDateTime", (s, i) -> s.setObject(i, LocalDateTime.parse("2024-02-29T12:34:56.789012")));
        all.put("tz:TIMESTAMPTZ:setTimestamp", (s, i) -> s.setTimestamp(i, Timestamp.valueOf("2024-02-29 12:34:56.789012")));
        all.put("tz:TIMESTAMPTZ:OffsetDateTime", (s, i) -> s.setObject(i, OffsetDateTime.parse("2024-02-29T04:34:56.789012Z")));
        all.put("u:UUID:setObject", (s, i) -> s.setObject(i, UUID.fromString("123e4567-e89b-12d3-a456-426614174000")));
        all.put("u:UUID:as text", (s, i) -> s.setObject(i, "123e4567-e89b-12d3-a456-426614174000", Types.OTHER));
        all.put("li:INTEGER[]:setArray", (s, i) -> s.setArray(i, c.createArrayOf("int4", new Object[] {1, null, 3})));
        all.put("lt:VARCHAR[]:setArray", (s, i) -> s.setArray(i, c.createArrayOf("text", new Object[] {"a", null, "b,\"c\" {}", "NULL", ""})));
        all.forEach((what, setter) -> {
            String[] parts = what.split(":");
            step("by " + what, () -> {
                List<String> out = new ArrayList<>();
                try (PreparedStatement s = c.prepareStatement("SELECT id FROM 政务.型 WHERE " + parts[0] + " = ? ORDER BY id LIMIT 1")) {
                    for (int i = 0; i < 6; i++) {
                        setter.set(s, 1);
                        out.add(Walk.rows(s.executeQuery()));
                    }
                }
                return String.join("", out);
            });
            step("as " + what, () -> {
                try (PreparedStatement s = c.prepareStatement("SELECT t." + parts[0] + " = v.v, v.v FROM 政务.型 t, (SELECT CAST(? AS " + parts[1] + ") AS v) v WHERE t.id = 1")) {
                    setter.set(s, 1);
                    try (ResultSet r = s.executeQuery()) {
                        r.next();
                        return r.getString(1) + " " + value(r, 2);
                    }
                }
            });
        });
        step("one of an array", () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT count(*) FROM 政务.户 WHERE id = ANY (?)")) {
                s.setArray(1, c.createArrayOf("int4", new Object[] {1, 2, 30000}));
                return Walk.rows(s.executeQuery());
            }
        });
        step("NULLs", () -> {
            List<String> out = new ArrayList<>();
            for (int type : new int[] {Types.INTEGER, Types.VARCHAR, Types.NUMERIC, Types.DATE, Types.TIMESTAMP, Types.BOOLEAN, Types.DOUBLE, Types.OTHER, Types.NULL}) {
                try (PreparedStatement s = c.prepareStatement("SELECT count(*) FROM 政务.型 WHERE CAST(? AS VARCHAR) IS NULL")) {
                    s.setNull(1, type);
                    out.add(Walk.rows(s.executeQuery()));
                }
            }
            return String.join("", out);
        });
        step("another type each time", () -> {
            try (PreparedStatement s = c.prepareStatement("SELECT count(*) FROM 政务.户 WHERE id = ?")) {
                s.setInt(1, 1);
                String out = Walk.rows(s.executeQuery());
                s.setLong(1, 2);
                out += Walk.rows(s.executeQuery());
                s.setBigDecimal(1, new BigDecimal("3"));
                out += Walk.rows(s.executeQuery());
                s.setDouble(1, 4.5);
                return out + Walk.rows(s.executeQuery());
            }
        });
    }

    static void transactions(Connection c) throws SQLException {
        c.setAutoCommit(false);
        step("cursor", () -> {
            try (Statement s = c.createStatement()) {
                s.setFetchSize(999);
                long n = 0;
                long sum = 0;
                try (ResultSet r = s.executeQuery("SELECT id FROM 政务.户")) {
                    for (; r.next(); n++) {
                        sum += r.getLong(1);
                    }
                }
                return n + " " + sum;
            }
        });
        step("cursor closed early", () -> {
            try (Statement s = c.createStatement()) {
                s.setFetchSize(10);
                try (ResultSet r = s.executeQuery("SELECT id FROM 政务.流水")) {
                    for (int i = 0; i < 25; i++) {
                        r.next();
                    }
                }
                return "yes";
            }
        });
        step("cursors side by side", () -> {
            try (PreparedStatement a = c.prepareStatement("SELECT id FROM 政务.户 WHERE id > ? ORDER BY id"); PreparedStatement b = c.prepareStatement("SELECT name FROM 政务.户 WHERE id > ? ORDER BY id")) {
                a.setFetchSize(2);
                b.setFetchSize(3);
                a.setInt(1, 10);
                b.setInt(1, 20);
                StringBuilder out = new StringBuilder();
                try (ResultSet x = a.executeQuery(); ResultSet y = b.executeQuery()) {
                    for (int i = 0; i < 7; i++) {
                        x.next();
                        y.next();
                        out.append(x.getString(1) + y.getString(1) + " ");
                    }
                }
                return out;
            }
        });
        step("savepoint", () -> {
            Savepoint p = c.setSavepoint("p");
            try {
                rows(c, "SELECT nix");
            } catch (SQLException e) {
                c.rollback(p);
            }
            return rows(c, "SELECT 2");
        });
        step("failed transaction", () -> {
            try {
                rows(c, "SELECT nix");
            } catch (SQLException e) {
                return rows(c, "SELECT 1");
            }
            return "no error";
        });
        step("rollback", () -> {
            c.rollback();
            return rows(c, "SELECT 1");
        });
        c.commit();
        step("maximum of rows", () -> {
            try (Statement s = c.createStatement()) {
                s.setMaxRows(2);
                return Walk.rows(s.executeQuery("SELECT id FROM 政务.户 ORDER BY id"));
            }
        });
        c.rollback();
        c.setAutoCommit(true);
        step("read only", () -> {
            c.setReadOnly(true);
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            return c.isReadOnly() + " " + rows(c, "SELECT 1") + c.isValid(5);
        });
        step("batch", () -> {
            try (Statement s = c.createStatement()) {
                s.addBatch("INSERT INTO 政务.类 VALUES (8, 'x')");
                return Arrays.toString(s.executeBatch());
            }
        });
    }

    /** What ends statements: a request to cancel, and a time-out. */
    static void ends(Connection c) {
        step("cancelled", () -> {
            try (Statement s = c.createStatement()) {
                s.setFetchSize(100);
                Thread t = new Thread(() -> {
                    try {
                        Thread.sleep(500);
                        s.cancel();
                    } catch (Exception e) {
                        System.out.println("cancel THROWS " + e);
                    }
                });
                t.start();
                try {
                    return Walk.rows(s.executeQuery("SELECT count(*) FROM 政务.流水"));
                } finally {
                    t.join();
                }
            }
        });
        step("time-out", () -> {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1);
                return Walk.rows(s.executeQuery("SELECT count(*) FROM 政务.流水"));
            }
        });
        step("time-out of the session", () -> {
            rows(c, "SELECT 1");
            try (Statement s = c.createStatement()) {
                s.execute("SET statement_timeout = 300");
                return Walk.rows(s.executeQuery("SELECT count(*) FROM 政务.流水"));
            } finally {
                try (Statement s = c.createStatement()) {
                    s.execute("RESET statement_timeout");
                }
            }
        });
    }

    /** All columns of so many tables: how long it takes the first time and the second. */
    static void large(Connection c, String tables) {
        for (int i = 1; i <= 2; i++) {
            step("columns of " + tables + " tables", () -> {
                long begun = System.nanoTime();
                long n = 0;
                try (ResultSet r = c.getMetaData().getColumns(null, null, null, null)) {
                    while (r.next()) {
                        n++;
                    }
                }
                return n + " in " + (System.nanoTime() - begun) / 1_000_000 + " ms";
            });
        }
    }
}
