# qudra-sync: build, test, install. `make help` lists the targets.
#
# One Makefile, no configure step: pkg-config knows the libraries. Each kind of build has a tree of
# its own below build/. Local switches go into config.mak, which is not kept in git.
-include config.mak

CC       ?= cc
PREFIX   ?= /usr
DESTDIR  ?=
VERSION  := $(shell sed -n 's/^\#define QS_VERSION "\(.*\)"/\1/p' agent/base/version.h)

LIBS     := libcurl libpq yajl yaml-0.1 libxml-2.0 libxxhash libmicrohttpd
PKG      := pkg-config
# The libraries are asked for only when something is built: `make deps` must work before they exist.
LIB_CFLAGS = $(shell $(PKG) --cflags $(LIBS))
LIB_LDLIBS = $(shell $(PKG) --libs $(LIBS)) -lunistring -lm

# V=1 shows the commands themselves.
Q   := $(if $(V),,@)
SAY := @$(if $(V),:,printf '  %-5s %s\n')

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wswitch-enum -Wcast-qual -Wformat=2 \
            -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings -Wundef \
            -Wpointer-arith -fno-common -Werror
BASE     := -std=c11 -D_GNU_SOURCE -Iagent -MMD -MP $(WARNINGS)

CFLAGS_release := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -ffunction-sections -fdata-sections
LDFLAGS_release := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan   := -fsanitize=address,undefined
CFLAGS_crash   := -O1 -g -DCRASH_POINTS
LDFLAGS_crash  :=
CFLAGS_cover   := -O0 -g --coverage
LDFLAGS_cover  := --coverage

# The fuzzers want clang: `make fuzz` says so.
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz   := -fsanitize=fuzzer,address,undefined

KIND     ?= release
B        := build/$(KIND)

SQL      := $(sort $(wildcard agent/sql/*.sql) $(wildcard migrations/*.sql))
SRC      := $(sort $(wildcard agent/*/*.c))
GEN      := $(B)/gen/sql.c $(B)/gen/cities.c $(B)/gen/presets.c
OBJ      := $(SRC:%.c=$(B)/%.o) $(GEN:%.c=%.o)
LIBOBJ   := $(filter-out $(B)/agent/commands/main.o,$(OBJ))
SANDBOX  := $(sort $(wildcard tests/sandbox/*.c))
TEST_PROGRAMS := $(patsubst tests/%.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c tests/edges/test_*.c)))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

all: $(B)/qudra-sync $(B)/qudra-sandbox ## build both programs (KIND=release, asan, crash or cover)

$(B)/qudra-sync: $(OBJ)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS_$(KIND)) -o $@ $^ $(LIB_LDLIBS)

# The sandbox is a program of its own: of the agent it uses the floors 0 and 1 and nothing else.
SANDBOX_LIB := $(filter $(B)/agent/base/%.o $(B)/agent/formats/%.o $(B)/gen/cities.o,$(LIBOBJ))
$(B)/qudra-sandbox: $(SANDBOX:%.c=$(B)/%.o) $(SANDBOX_LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS_$(KIND)) -o $@ $^ $(LIB_LDLIBS)

$(B)/libagent.a: $(LIBOBJ)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen $(CFLAGS) -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c
	$(SAY) CC $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen $(CFLAGS) -c -o $@ $<

$(B)/gen/sql.c: agent/sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	$(Q)awk -f agent/sql/embed.awk $(SQL) > $@

$(B)/gen/sql_names.h: agent/sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	$(Q)awk -v names=1 -f agent/sql/embed.awk $(SQL) > $@

$(OBJ): | $(B)/gen/sql_names.h

$(B)/gen/cities.c: agent/formats/ksa_cities.awk agent/formats/ksa_cities.tsv
	@mkdir -p $(@D)
	$(Q)awk -f agent/formats/ksa_cities.awk agent/formats/ksa_cities.tsv > $@

$(B)/gen/presets.c: agent/rules/presets.awk $(wildcard mappings/*.yaml)
	@mkdir -p $(@D)
	$(Q)awk -f agent/rules/presets.awk $(sort $(filter %.yaml,$^)) > $@

# --- tests --------------------------------------------------------------------------------------
# tests/README.md tells how to run one test. All but `valgrind` and `cover` judge the asan build.

PYTHON   ?= python3
JOBS     ?= $(shell nproc)
DEPS     := @sh packaging/dependencies.sh
SUBMAKE   = @$(MAKE) --no-print-directory -j$(JOBS)
RUN      := @QS_BUILD=$(CURDIR)/build/asan $(PYTHON) tests/run.py
C_FILES   = $(sort $(wildcard agent/*/*.[ch] tests/*/*.[ch]))

$(TEST_PROGRAMS): $(B)/%: tests/%.c $(B)/libagent.a
	@mkdir -p $(@D)
	$(SAY) TEST $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen -Itests -o $@ $< $(LDFLAGS_$(KIND)) \
	    $(B)/libagent.a $(LIB_LDLIBS) -lcmocka

$(B)/golden: tests/golden/golden.c $(B)/libagent.a
	$(SAY) TEST $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen -o $@ $< $(LDFLAGS_$(KIND)) \
	    $(B)/libagent.a $(LIB_LDLIBS)

$(B)/generated: tests/golden/generated.c $(B)/libagent.a
	$(SAY) TEST $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen -o $@ $< $(LDFLAGS_$(KIND)) \
	    $(B)/libagent.a $(LIB_LDLIBS)

# Writes docs/reference.md, the man page and the completions from the program's tables.
REFERENCE := $(sort $(wildcard tests/docs/*.c))
$(B)/tests/docs/%.o: LIB_CFLAGS += -Itests
$(B)/reference: $(REFERENCE:%.c=$(B)/%.o) $(B)/libagent.a
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS_$(KIND)) -o $@ $^ $(LIB_LDLIBS)

# Preloaded where a test sets the agent's wall clock; without sanitizers, which come after it.
$(B)/wall_clock.so: tests/e2e/wall_clock.c
	@mkdir -p $(@D)
	$(SAY) TEST $@
	$(Q)$(CC) $(filter-out -MMD -MP,$(BASE)) -O1 -fPIC -shared -o $@ $<

# Fixed work whose instructions are counted: see tests/README.md.
$(B)/instructions: tests/instructions/work.c $(B)/libagent.a
	$(SAY) TEST $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen -o $@ $< $(LDFLAGS_$(KIND)) \
	    $(B)/libagent.a $(LIB_LDLIBS)

FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(FUZZERS): $(B)/fuzz/%: tests/fuzz/%.c $(B)/libagent.a
	@mkdir -p $(@D)
	$(SAY) FUZZ $@
	$(Q)$(CC) $(BASE) $(CFLAGS_$(KIND)) $(LIB_CFLAGS) -I$(B)/gen -Itests/fuzz -o $@ $< $(LDFLAGS_$(KIND)) \
	    $(B)/libagent.a $(LIB_LDLIBS)
fuzzers: $(FUZZERS)

# main.o is in no library, and the lint of symbols reads it.
small-programs: $(filter $(B)/unit/%,$(TEST_PROGRAMS)) $(B)/golden $(B)/generated $(B)/reference $(B)/agent/commands/main.o
test-programs: all $(TEST_PROGRAMS) $(B)/wall_clock.so $(B)/golden $(B)/generated $(B)/reference

deps: ## install the Debian packages that are missing
	$(DEPS) build test

demo: deps ## the whole story on made-up postings, with a PostgreSQL and a Qudra of its own
	$(SUBMAKE) KIND=release all
	@$(PYTHON) tests/demo/demo.py

test: deps ## every test, under ASan and UBSan; --only and -k: see tests/README.md
	$(DEPS) fuzz
	$(SUBMAKE) KIND=asan test-programs
	$(SUBMAKE) KIND=crash all
	$(SUBMAKE) KIND=release build/release/instructions
	$(SUBMAKE) KIND=fuzz CC=clang fuzzers
	$(RUN) $(ARGS)

check: ## lint, unit and golden: before every commit
	$(SUBMAKE) KIND=asan small-programs
	$(RUN) --only lint --only unit --only golden $(ARGS)

lint: ## layers, symbols, headers, banned functions, sizes, format
	$(SUBMAKE) KIND=asan small-programs
	$(RUN) --only lint $(ARGS)

unit: ## the C unit tests
	$(SUBMAKE) KIND=asan small-programs
	$(RUN) --only unit $(ARGS)

edges sql e2e: deps ## the tests that need a PostgreSQL, by kind
	$(SUBMAKE) KIND=asan test-programs
	$(RUN) --only $@ $(ARGS)

golden: ## rewrite the golden files from what the mappings make now; review reads the difference
	$(SUBMAKE) KIND=asan small-programs
	@build/asan/golden --update $(patsubst %/mapping.yaml,%,$(wildcard $(CURDIR)/tests/golden/*/mapping.yaml))

generated: ## rewrite the schemas and the mappings' reference from the program's tables
	$(SUBMAKE) KIND=asan small-programs
	@build/asan/generated --update

docs: generated ## rewrite the reference, the man page and the completions from the program's tables
	$(SUBMAKE) KIND=asan build/asan/reference
	@build/asan/reference --update

instructions: ## record how many instructions the work of tests/instructions takes now
	$(DEPS) build test
	$(SUBMAKE) KIND=release build/release/instructions
	@$(PYTHON) tests/instructions/instructions.py --renew

cover: deps ## lines that the tests run, by floor
	$(SUBMAKE) KIND=cover test-programs
	@find build/cover -name '*.gcda' -delete
	@QS_BUILD=$(CURDIR)/build/cover $(PYTHON) tests/run.py --only unit --only golden --only edges --only e2e $(ARGS)
	@$(PYTHON) tests/cover.py build/cover

crash: deps ## die at every step of every case, and come right again (CASE=, STEP=; see tests/README.md)
	$(SUBMAKE) KIND=crash all
	@QS_BUILD=$(CURDIR)/build/crash $(PYTHON) tests/crash/crash.py \
	    $(addprefix --case ,$(CASE)) $(addprefix --step ,$(STEP)) $(ARGS)

chaos: deps ## edits, faults, kills and restarts by chance, then the same comparison (SEED=, T= seconds)
	$(SUBMAKE) KIND=asan all
	@QS_BUILD=$(CURDIR)/build/asan $(PYTHON) tests/chaos/chaos.py \
	    $(addprefix --seed ,$(SEED)) $(addprefix --seconds ,$(T)) $(ARGS)

many: deps ## 200 employers and four agents that die, sleep and are cut off (SEED=, T= seconds)
	$(SUBMAKE) KIND=release all
	@QS_BUILD=$(CURDIR)/build/release $(PYTHON) tests/many/many.py \
	    $(addprefix --seed ,$(SEED)) $(addprefix --seconds ,$(T)) $(ARGS)

fuzz: ## libFuzzer on what reads from outside (F= one of them, T= seconds each)
	$(DEPS) fuzz
	$(SUBMAKE) KIND=fuzz CC=clang fuzzers
	@QS_BUILD=$(CURDIR)/build/fuzz $(PYTHON) tests/fuzz/fuzz.py --seconds $(or $(T),60) $(F)

valgrind: deps ## the tests once more under valgrind; takes long
	$(DEPS) check
	$(SUBMAKE) KIND=release test-programs
	@QS_BUILD=$(CURDIR)/build/release QS_DEADLINE_S=300 \
	 QS_WRAPPER='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' \
	 $(PYTHON) tests/run.py --only unit --only golden --only edges --only e2e $(ARGS)

bench: ## speed and size, as ratios of one run; SIZE=small, ONLY=scan,idle (see tests/bench/)
	$(DEPS) build bench
	$(SUBMAKE) KIND=release all
	@QS_BUILD=$(CURDIR)/build/release $(PYTHON) tests/bench/bench.py --size $(or $(SIZE),full) --only '$(ONLY)'

analyze: ## cppcheck, clang's analyzer and gcc's
	$(DEPS) check
	$(SUBMAKE) KIND=asan build/asan/gen/sql_names.h
	cppcheck -q --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -Iagent agent tests/sandbox
	clang-tidy --quiet --warnings-as-errors='*' --checks='-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling' \
	    $(SRC) $(SANDBOX) -- $(filter-out -MMD -MP,$(BASE)) $(LIB_CFLAGS) -Ibuild/asan/gen
	@for f in $(SRC); do echo "gcc -fanalyzer $$f"; \
	    gcc $(filter-out -MMD -MP,$(BASE)) $(LIB_CFLAGS) -Ibuild/asan/gen -O1 -fanalyzer -c -o /dev/null $$f || exit 1; done

format: ## clang-format over all C
	clang-format -i $(C_FILES)

SHARE = $(DESTDIR)$(PREFIX)/share
install: all ## program, man page, docs, presets, units and completions below $(DESTDIR)$(PREFIX)
	install -D -m 755 $(B)/qudra-sync $(DESTDIR)$(PREFIX)/bin/qudra-sync
	install -D -m 644 -t $(SHARE)/doc/qudra-sync README.md CHANGELOG.md agent.yaml.example docs/*.md docs/*.json
	install -D -m 644 -t $(SHARE)/man/man1 docs/qudra-sync.1
	install -D -m 644 -t $(SHARE)/qudra-sync/mappings mappings/*.yaml mappings/*.json
	install -D -m 644 -t $(SHARE)/qudra-sync/monitoring packaging/monitoring/alerts.yaml packaging/monitoring/dashboard.json
	install -D -m 644 packaging/completion/qudra-sync.bash $(SHARE)/bash-completion/completions/qudra-sync
	install -D -m 644 packaging/completion/_qudra-sync $(SHARE)/zsh/vendor-completions/_qudra-sync
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system packaging/systemd/*.service packaging/systemd/*.timer
	sed -i 's,/usr/bin/qudra-sync,$(PREFIX)/bin/qudra-sync,' $(DESTDIR)$(PREFIX)/lib/systemd/system/qudra-sync*.service
	install -D -m 644 packaging/systemd/qudra-sync.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/qudra-sync.conf

deb: all ## a Debian package in $(B)
	@rm -rf $(B)/deb
	@umask 022 && $(MAKE) --no-print-directory install DESTDIR=$(abspath $(B)/deb) PREFIX=/usr >/dev/null
	@sh packaging/deb/build.sh $(B)/deb $(VERSION) $(B)

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9 -]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

.PHONY: all small-programs test-programs deps demo test check lint unit edges sql e2e golden generated docs instructions cover \
        crash chaos many fuzz fuzzers valgrind bench analyze format install deb clean help

-include $(OBJ:.o=.d) $(SANDBOX:%.c=$(B)/%.d) $(TEST_PROGRAMS:%=%.d) $(B)/golden.d $(B)/generated.d $(B)/instructions.d $(FUZZERS:%=%.d)
