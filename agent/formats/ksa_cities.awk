# Turns ksa_cities.tsv into the tables that city_table.h declares. A line that does not fit stops
# the build: a city with a wrong region would be found only by a partner.
function fail(why) { print FILENAME ":" FNR ": " why > "/dev/stderr"; failed = 1; exit 1 }
function row(name, region, spellings)
{
    return sprintf("    {\"%s\", \"%s\", \"%s\"},\n", name, region, spellings)
}
BEGIN { FS = "\t" }
/^#/ || /^$/ { next }
NF != 4 { fail("four columns are expected") }
/["\\]/ { fail("a quote or a backslash") }
$1 == "R" { main[$2] = $3; regions = regions row($3, $2, $4); n_regions++; next }
$1 != "C" { fail("a line begins with C or R") }
!($3 in main) { fail("no region \"" $3 "\"") }
$2 in seen { fail("\"" $2 "\" is there twice") }
{ seen[$2] = 1; cities = cities row($2, $3, $4); n_cities++ }
END {
    if (failed) exit 1
    for (r in main) if (!(main[r] in seen)) fail("no main city \"" main[r] "\"")
    print "/* made by agent/formats/ksa_cities.awk */\n#include \"formats/city_table.h\"\n"
    printf "const struct city_entry city_table[] = {\n%s};\n", cities
    printf "const size_t city_table_len = %d;\n\n", n_cities
    printf "const struct city_entry city_region_table[] = {\n%s};\n", regions
    printf "const size_t city_region_table_len = %d;\n", n_regions
}
