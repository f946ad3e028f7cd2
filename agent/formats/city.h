/*
 * city: the name of a Saudi city in Qudra's spelling, from whatever a table holds.
 *
 * The list is generated from formats/ksa_cities.tsv (its head names the public source): English
 * name, region, then other spellings in Latin and Arabic letters. Qudra documents only that `city`
 * is "a city of Saudi Arabia, in English (Riyadh, Jeddah, Dammam, NEOM, …)": which spellings it
 * takes beyond those named is assumed (Part B).
 */
#ifndef QS_FORMATS_CITY_H
#define QS_FORMATS_CITY_H

#include "formats/text.h"

/* The partner's own additions and corrections, tried before the built-in list. */
struct city_alias {
    const char *spelling;
    const char *city;
};

/* Finds the city: exact after folding (text_fold, article al-/ad-/ar-/as-… dropped), or a name cut
 * to a prefix that only one city has: the dots of "AR RIYADH..." (or …) say that it was cut,
 * without them nothing is completed. The whole is tried, then the parts of "City, Region, Country"
 * and "Riyadh | Dubai": the first Saudi one wins. Only when there is none, and `region_ok`, a
 * region, whole or as a part, gives its main city. NULL when nothing fits: never a guess. The
 * result is a constant or in `aliases`. */
const char *city_find(struct arena *a, struct text t, const struct city_alias *aliases,
                      size_t n_aliases, bool region_ok);

/* Up to `max` nearest known names for a hint; returns how many. */
size_t city_nearest(struct arena *a, struct text t, const char **names, size_t max);

size_t city_count(void);
const char *city_name(size_t i); /* English names, sorted */

#endif
