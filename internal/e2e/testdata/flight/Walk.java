import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Properties;

/** Walks over all of DatabaseMetaData, and asks some statements. */
public class Walk {
    public static void main(String[] args) throws Exception {
        Properties p = new Properties();
        for (int i = 1; i + 1 < args.length; i += 2) {
            p.put(args[i], args[i + 1]);
        }
        try (Connection c = DriverManager.getConnection(args[0], p)) {
            walk(c.getMetaData(), "人口");
            asks(c);
        }
        Properties wrong = new Properties();
        wrong.putAll(p);
        wrong.put("purpose", "no such");
        try (Connection c = DriverManager.getConnection(args[0], wrong)) {
            System.out.println("a wrong purpose connects");
        } catch (SQLException e) {
            System.out.println("a wrong purpose: " + e.getMessage().replaceAll("\\s+", " "));
        }
    }

    /** Asks everything, of keys those of a table. */
    static void walk(DatabaseMetaData m, String table) throws Exception {
        Method[] all = DatabaseMetaData.class.getMethods();
        Arrays.sort(all, Comparator.comparing(Method::getName).thenComparing(Method::getParameterCount));
        for (Method f : all) {
            Class<?>[] types = f.getParameterTypes();
            Object[] values = new Object[types.length];
            for (int i = 0; i < types.length; i++) {
                if (types[i] == int.class) {
                    values[i] = f.getName().contains("ResultSetType") || f.getName().contains("ResultSetConc") ? java.sql.ResultSet.TYPE_FORWARD_ONLY : 1;
                } else if (types[i] == boolean.class) {
                    values[i] = true;
                } else if (types[i] == Class.class) {
                    values[i] = Connection.class;
                } else if (types[i] == String.class && f.getName().matches("get(PrimaryKeys|.*portedKeys|BestRowIdentifier|VersionColumns|IndexInfo|CrossReference)") && (i == 2 || i == 5)) {
                    values[i] = table;
                }
            }
            String said;
            try {
                Object out = f.invoke(m, values);
                said = out instanceof ResultSet ? rows((ResultSet) out) : String.valueOf(out);
            } catch (InvocationTargetException e) {
                Throwable why = e.getCause();
                said = (why instanceof SQLException ? "SQLException: " : "THROWS " + why.getClass().getName() + ": ") + why.getMessage();
            }
            System.out.println(f.getName() + "/" + types.length + " = " + said.replaceAll("\\s*\n\\s*", " "));
        }
    }

    static String rows(ResultSet r) throws SQLException {
        StringBuilder out = new StringBuilder();
        try (r) {
            ResultSetMetaData m = r.getMetaData();
            while (r.next()) {
                out.append("(");
                for (int i = 1; i <= m.getColumnCount(); i++) {
                    out.append(i > 1 ? "|" : "").append(r.getString(i));
                }
                out.append(")");
            }
        }
        return out.toString();
    }

    static void asks(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            System.out.println("statement = " + rows(s.executeQuery("SELECT 1 + 1 AS two, 'x' AS 文, CAST(NULL AS DATE) AS n")));
            for (String wrong : new String[] {"SELECT * FROM 无", "DELETE FROM t"}) {
                try {
                    s.executeQuery(wrong);
                    System.out.println(wrong + " is answered");
                } catch (SQLException e) {
                    System.out.println(wrong + ": " + e.getMessage().replaceAll("\\s+", " "));
                }
            }
        }
        try (PreparedStatement s = c.prepareStatement("SELECT CAST(? AS INTEGER) + 1 AS n, CAST(? AS VARCHAR) AS t, CAST(? AS DATE) AS d, CAST(? AS DECIMAL(10,2)) AS m")) {
            for (int i = 1; i <= 6; i++) {
                s.setInt(1, i);
                s.setString(2, "值" + i);
                s.setDate(3, java.sql.Date.valueOf("2024-02-29"));
                s.setBigDecimal(4, new java.math.BigDecimal("1.50"));
                System.out.println("prepared " + i + " = " + rows(s.executeQuery()));
            }
        }
        java.time.Instant at = java.time.Instant.parse("2025-12-31T17:30:00.123Z");
        for (String kind : new String[] {"TIMESTAMP", "TIMESTAMPTZ"}) {
            moment(c, "setTimestamp " + kind, "CAST(? AS " + kind + ")", s -> s.setTimestamp(1, java.sql.Timestamp.from(at)));
            moment(c, "setString " + kind, "CAST(? AS " + kind + ")", s -> s.setString(1, "2025-12-31 17:30:00.123456"));
            moment(c, "text " + kind, "CAST(CAST(? AS VARCHAR) AS " + kind + ")", s -> s.setString(1, "2025-12-31 17:30:00.123456"));
        }
        moment(c, "milliseconds", "epoch_ms(CAST(? AS BIGINT))", s -> s.setLong(1, at.toEpochMilli()));
        moment(c, "setTime TIME", "CAST(? AS TIME)", s -> s.setTime(1, java.sql.Time.valueOf("17:30:00")));
    }

    interface Setting {
        void set(PreparedStatement s) throws SQLException;
    }

    /** Tells which moment or time the gateway was sent. */
    static void moment(Connection c, String what, String place, Setting setting) {
        try (PreparedStatement s = c.prepareStatement("SELECT CAST(" + place + " AS VARCHAR) AS v")) {
            setting.set(s);
            System.out.println(what + " -> " + rows(s.executeQuery()));
        } catch (Exception e) {
            System.out.println(what + " -> " + e.getClass().getSimpleName() + ": " + String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
        }
    }
}
