# Turns mappings/*.yaml into C: the table `presets[]`. See rules/mapping_draft.h.
function quote(s) { gsub(/\\/, "&&", s); gsub(/"/, "\\\"", s); gsub(/\?/, "\\?", s); return s }
BEGIN { print "/* made by agent/rules/presets.awk */\n#include \"rules/mapping_draft.h\"\n\nconst struct preset presets[] = {" }
FNR == 1 {
    if (open) print "    },"
    n = split(FILENAME, path, "/"); name = path[n]; sub(/\.yaml$/, "", name)
    printf "    {\"%s\",\n", name
    open = 1
}
{ printf "     \"%s\\n\"\n", quote($0) }
END { if (open) print "    },"; print "    {NULL, NULL},\n};" }
