/*
 * city_table: formats/ksa_cities.tsv as C, made by ksa_cities.awk at build time.
 */
#ifndef QS_FORMATS_CITY_TABLE_H
#define QS_FORMATS_CITY_TABLE_H

#include <stddef.h>

struct city_entry {
    const char *name;      /* of the city, or of the main city of a region */
    const char *region;    /* in English */
    const char *spellings; /* with '|' between them, the name itself not among them; may be "" */
};

extern const struct city_entry city_table[];
extern const size_t city_table_len;
extern const struct city_entry city_region_table[];
extern const size_t city_region_table_len;

#endif
