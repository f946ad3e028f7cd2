# Turns .sql files into C: `const char sql_<name>[]` for agent/sql/*.sql, and the table
# `migrations[]` (version, name, text) for migrations/NNNN_name.sql. See edges/sql.h.
# With -v names=1: the declarations alone.
function quote(s) { gsub(/\\/, "\\\\&", s); gsub(/"/, "\\\"", s); gsub(/\?/, "\\?", s); return s }
BEGIN { print "/* made by agent/sql/embed.awk */"; if (!names) print "#include \"edges/sql.h\"\n\n#include <stddef.h>\n" }
FNR == 1 {
    if (open) print ";"
    n = split(FILENAME, path, "/"); name = path[n]; sub(/\.sql$/, "", name)
    migration = FILENAME ~ /migrations\//
    if (names) {
        if (!migration) printf "extern const char sql_%s[];\n", name
        next
    }
    if (migration) {
        printf "static const char migration_%s[] =\n", name
        rows = rows sprintf("    {%d, \"%s\", migration_%s},\n", substr(name, 1, 4) + 0, name, name)
    } else
        printf "const char sql_%s[] =\n", name
    open = 1
}
!names { printf "    \"%s\\n\"\n", quote($0) }
END {
    if (open) print ";"
    if (!names) printf "const struct migration migrations[] = {\n%s    {0, NULL, NULL},\n};\n", rows
}
