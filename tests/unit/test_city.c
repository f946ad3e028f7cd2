/*
 * The list's own facts (order, no double names) are checked beside the rules of looking up, since a
 * slip in the table is as wrong for a partner as one in the code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/city.h"

static struct arena arena;

static const char *find(const char *s)
{
    return city_find(&arena, text_of(s), NULL, 0, false);
}

static void expect(const char *s, const char *city)
{
    const char *found = find(s);
    if (!found || strcmp(found, city) != 0)
        fail_msg("\"%s\" gives %s, not %s", s, found ? found : "nothing", city);
}

static void expect_none(const char *s)
{
    const char *found = find(s);
    if (found)
        fail_msg("\"%s\" gives %s, not nothing", s, found);
}

static void test_every_name_of_the_list_finds_itself(void **state)
{
    (void)state;
    assert_in_range(city_count(), 150, 400);
    for (size_t i = 0; i < city_count(); i++) {
        expect(city_name(i), city_name(i));
        if (i > 0)
            assert_true(strcmp(city_name(i - 1), city_name(i)) < 0);
    }
    assert_null(city_name(city_count()));
}

static void test_latin_spellings_of_one_city_are_one(void **state)
{
    (void)state;
    expect("RIYADH", "Riyadh");
    expect("ar-Riyāḍ", "Riyadh");
    expect("Al Riyadh", "Riyadh");
    expect("Al-Khobar", "Al Khobar");
    expect("alkhobar", "Al Khobar");
    expect("Khobar", "Al Khobar");
    expect("Ha’il", "Hail");
    expect("Buraida", "Buraydah");
    expect("BURAYDAH", "Buraydah");
    expect("Mecca", "Makkah");
    expect("Makkah Al-Mukarramah", "Makkah");
    expect("  Jeddah  ", "Jeddah");
    expect("Jiddah", "Jeddah");
    expect("Wadi Addawasir", "Wadi ad-Dawasir");
    expect("neom", "NEOM");
    expect("KAEC", "King Abdullah Economic City");
}

static void test_arabic_spellings_of_one_city_are_one(void **state)
{
    (void)state;
    expect("الرياض", "Riyadh");
    expect("رياض", "Riyadh");
    expect("الريـــاض", "Riyadh");
    expect("مكة المكرمة", "Makkah");
    expect("مكه المكرمه", "Makkah");
    expect("الأحساء", "Al Ahsa");
    expect("الاحساء", "Al Ahsa");
    expect("الإحسا", "Al Ahsa");
    expect("أبها", "Abha");
    expect("ابها", "Abha");
    expect("جَدّة", "Jeddah");
    expect("ﺟﺪﺓ", "Jeddah");
    expect("نيوم", "NEOM");
    expect("المدينة المنورة", "Madinah");
    expect("صفوي", "Safwa");
}

static void test_words_for_city_and_governorate_are_left_out(void **state)
{
    (void)state;
    expect("Riyadh City", "Riyadh");
    expect("City of Tabuk", "Tabuk");
    expect("Jeddah Governorate", "Jeddah");
    expect("محافظة جدة", "Jeddah");
    expect("مدينة الرياض", "Riyadh");
}

static void test_the_first_saudi_part_wins(void **state)
{
    (void)state;
    expect("Riyadh, Riyadh Region, Saudi Arabia", "Riyadh");
    expect("Al Khobar, Eastern Province, Saudi Arabia", "Al Khobar");
    expect("Riyadh | Dubai", "Riyadh");
    expect("Dubai | Jeddah", "Jeddah");
    expect("الدمام، المنطقة الشرقية، السعودية", "Dammam");
    expect("Dammam/Khobar", "Dammam");
    expect("Jeddah - Makkah Region", "Jeddah");
    expect("Saudi Arabia (Tabuk)", "Tabuk");
    expect("Olaya, Riyadh", "Riyadh");
}

static void test_a_cut_name_is_found_only_when_one_city_fits(void **state)
{
    (void)state;
    expect("AR RIYADH...", "Riyadh");
    expect("AL MADINA...", "Madinah");
    expect("HAFAR AL ...", "Hafar Al Batin");
    expect("KHAMIS MU...", "Khamis Mushait");
    expect("AL QURAYY…", "Qurayyat");
    expect("AD DIR'IY...", "Diriyah");
    expect("WADI AD D...", "Wadi ad-Dawasir");
    expect("YANBU AS ...", "Yanbu");
    expect("HAIL...", "Hail");
    expect("DHAHRAN A...", "Dhahran Al Janub");
    expect_none("ABA ASLAB...");
    expect_none("ABU...");
    expect_none("AL...");
    expect_none("...");
    expect_none("AHAD ..."); /* Rafidah and Al Masarihah */
    expect_none("RIYA");     /* not marked as cut */
}

static void test_a_part_may_be_a_cut_name(void **state)
{
    (void)state;
    expect("KHAMIS MU... | عسير", "Khamis Mushait");
    expect("AR RIYADH..., Saudi Arabia", "Riyadh");
    expect("ABA ASLAB... | الرياض", "Riyadh");
    /* the region has a city's name, but the cut city stands before it */
    expect("WADI AD D... | الرياض", "Wadi ad-Dawasir");
    expect_none("AHAD ... | عسير");
}

static void test_a_region_in_parts_counts_only_when_no_city_is_there(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"ABA ASLAB... | عسير", "Abha"},
        {"AHAD ... | عسير", "Abha"},
        {"Head office, Eastern Province", "Dammam"},
        {"Makkah Region, Jeddah", "Jeddah"},
        {"Eastern Province | KHAMIS MU...", "Khamis Mushait"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_string_equal(city_find(&arena, text_of(texts[i][0]), NULL, 0, true), texts[i][1]);
    expect_none("ABA ASLAB... | عسير");
    assert_null(city_find(&arena, text_of("ABU TARFA... | اخرى"), NULL, 0, true));
}

static void test_nothing_is_guessed(void **state)
{
    (void)state;
    expect_none("");
    expect_none("   ");
    expect_none("Dubai");
    expect_none("Remote");
    expect_none("أخرى");
    expect_none("Saudi Arabia");
    expect_none("المملكة العربية السعودية");
    expect_none("Riyad Bank Tower");
    expect_none("ABA ASLAB");
    assert_null(city_find(&arena, TEXT_NONE, NULL, 0, true));
    char longer[4096];
    memset(longer, 'r', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    expect_none(longer);
}

static void test_a_region_gives_its_main_city_only_when_asked(void **state)
{
    (void)state;
    static const char *const regions[][2] = {
        {"المنطقة الشرقية", "Dammam"},
        {"Eastern Province", "Dammam"},
        {"القصيم", "Buraydah"},
        {"منطقة القصيم", "Buraydah"},
        {"عسير", "Abha"},
        {"الجوف", "Sakaka"},
        {"الحدود الشمالية", "Arar"},
        {"Asir Region", "Abha"},
        {"منطقة الرياض", "Riyadh"},
        {"منطقة مكة المكرمة", "Makkah"},
        {"Riyadh Province", "Riyadh"},
    };
    for (size_t i = 0; i < ARRAY_LEN(regions); i++) {
        struct text t = text_of(regions[i][0]);
        expect_none(regions[i][0]);
        assert_string_equal(city_find(&arena, t, NULL, 0, true), regions[i][1]);
    }
}

static void test_the_partners_spellings_come_first(void **state)
{
    (void)state;
    const struct city_alias aliases[] = {{"Head-Office", "Riyadh"}, {"Khobar", "Dammam"}};
    size_t n = ARRAY_LEN(aliases);
    assert_string_equal(city_find(&arena, text_of("HEAD OFFICE"), aliases, n, false), "Riyadh");
    assert_string_equal(city_find(&arena, text_of("al khobar"), aliases, n, false), "Dammam");
    assert_string_equal(city_find(&arena, text_of("Jeddah"), aliases, n, false), "Jeddah");
    assert_string_equal(city_find(&arena, text_of("Dubai, head office"), aliases, n, false),
                        "Riyadh");
}

static void test_the_nearest_names_come_first_and_once(void **state)
{
    (void)state;
    const char *names[3];
    assert_in_range(city_nearest(&arena, text_of("Riyahd"), names, 3), 1, 3);
    assert_string_equal(names[0], "Riyadh");
    size_t n = city_nearest(&arena, text_of("الريض"), names, 3);
    assert_in_range(n, 1, 3);
    assert_string_equal(names[0], "Riyadh");
    for (size_t i = 1; i < n; i++)
        assert_string_not_equal(names[i], names[i - 1]);
    assert_int_equal(city_nearest(&arena, text_of("Ouagadougou"), names, 3), 0);
    assert_int_equal(city_nearest(&arena, TEXT_NONE, names, 3), 0);
    assert_int_equal(city_nearest(&arena, text_of("Riyadh"), names, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name_of_the_list_finds_itself),
        cmocka_unit_test(test_latin_spellings_of_one_city_are_one),
        cmocka_unit_test(test_arabic_spellings_of_one_city_are_one),
        cmocka_unit_test(test_words_for_city_and_governorate_are_left_out),
        cmocka_unit_test(test_the_first_saudi_part_wins),
        cmocka_unit_test(test_a_cut_name_is_found_only_when_one_city_fits),
        cmocka_unit_test(test_a_part_may_be_a_cut_name),
        cmocka_unit_test(test_a_region_in_parts_counts_only_when_no_city_is_there),
        cmocka_unit_test(test_nothing_is_guessed),
        cmocka_unit_test(test_a_region_gives_its_main_city_only_when_asked),
        cmocka_unit_test(test_the_partners_spellings_come_first),
        cmocka_unit_test(test_the_nearest_names_come_first_and_once),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests_name("city", tests, NULL, NULL);
    arena_release(&arena);
    return failed;
}
