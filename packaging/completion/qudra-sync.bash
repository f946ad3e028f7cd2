# bash completion for qudra-sync: made by `make docs` from the program's tables.

_qudra_sync()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local command= options= words= i
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    [[ $cur == = ]] && cur=
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        run|once|backfill|plan|status|rows|explain|retry|release|reconcile|check|introspect|migrate) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    case $command in
    '') options='help run once backfill plan status rows explain retry release reconcile check introspect migrate' ;;
    backfill) options=' --plan --json' ;;
    plan) options=' --json --detail --out' ;;
    status) options=' --watch --json' ;;
    rows) options=' --state --code --embedding --lang --limit --after --json' ;;
    explain) options=' --lang --json' ;;
    retry) options=' --key --code --json' ;;
    release) options=' --source --key --json' ;;
    reconcile) options=' --adopt --fix --requests --json' ;;
    check) options=' --all --rows --offline --json' ;;
    migrate) options=' --status --triggers --drop-triggers --role' ;;
    esac
    options+=' --config --account --mapping --log-level --help --version'
    words=$options
    case $prev in
    -c) compopt -o default; return ;;
    --config) compopt -o default; return ;;
    --account) words='' ;;
    --mapping) words='' ;;
    --log-level) words='error warn info debug trace' ;;
    --plan) compopt -o default; return ;;
    --out) compopt -o default; return ;;
    --state) words='pending sending synced refused uncertain deferred held removed' ;;
    --code) words='' ;;
    --embedding) words='processing ready failed' ;;
    --lang) words='en ar' ;;
    --limit) words='' ;;
    --after) words='' ;;
    --key) words='' ;;
    --requests) words='' ;;
    --rows) words='' ;;
    --role) words='' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _qudra_sync qudra-sync
