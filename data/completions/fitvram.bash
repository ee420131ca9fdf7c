# Completions of fitvram for bash, written by 'fitvram completion bash'.
# shellcheck shell=bash
_fitvram_words() {
  local word
  for word in $1; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

_fitvram_files() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
  compopt -o filenames 2>/dev/null
}

_fitvram_table() {
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <("$program" completion "$1" "$cur" 2>/dev/null)
  compopt -o filenames 2>/dev/null
}

_fitvram_models() {
  _fitvram_files
  _fitvram_table models
}

_fitvram() {
  local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
  cur=${cur#[\"\']}
  cur=${cur//\\/}
  if ((COMP_CWORD == 1)); then
    _fitvram_words "rank estimate show plan compare check list compare-log help completion man --help --version"
    return
  fi
  case "${COMP_WORDS[1]} $prev" in
    "rank --gpu") _fitvram_table gpus; return ;;
    "estimate --gpu") _fitvram_table gpus; return ;;
    "compare --gpu") _fitvram_table gpus; return ;;
    "check --gpu") _fitvram_table gpus; return ;;
    "rank --vram") return ;;
    "estimate --vram") return ;;
    "compare --vram") return ;;
    "check --vram") return ;;
    "rank --reserve") _fitvram_words "auto none"; return ;;
    "estimate --reserve") _fitvram_words "auto none"; return ;;
    "plan --reserve") _fitvram_words "auto none"; return ;;
    "compare --reserve") _fitvram_words "auto none"; return ;;
    "check --reserve") _fitvram_words "auto none"; return ;;
    "rank --overhead") return ;;
    "estimate --overhead") return ;;
    "plan --overhead") return ;;
    "compare --overhead") return ;;
    "check --overhead") return ;;
    "rank --backend") _fitvram_table backends; return ;;
    "estimate --backend") _fitvram_table backends; return ;;
    "plan --backend") _fitvram_table backends; return ;;
    "compare --backend") _fitvram_table backends; return ;;
    "check --backend") _fitvram_table backends; return ;;
    "compare-log --backend") _fitvram_table backends; return ;;
    "rank --gpu-memory-utilization") return ;;
    "estimate --gpu-memory-utilization") return ;;
    "plan --gpu-memory-utilization") return ;;
    "compare --gpu-memory-utilization") return ;;
    "check --gpu-memory-utilization") return ;;
    "rank -tp" | "rank --tensor-parallel-size") return ;;
    "estimate -tp" | "estimate --tensor-parallel-size") return ;;
    "plan -tp" | "plan --tensor-parallel-size") return ;;
    "compare -tp" | "compare --tensor-parallel-size") return ;;
    "check -tp" | "check --tensor-parallel-size") return ;;
    "rank --runtime") _fitvram_table runtimes; return ;;
    "estimate --runtime") _fitvram_table runtimes; return ;;
    "plan --runtime") _fitvram_table runtimes; return ;;
    "check --runtime") _fitvram_table runtimes; return ;;
    "rank -c" | "rank --ctx-size") return ;;
    "estimate -c" | "estimate --ctx-size") return ;;
    "plan -c" | "plan --ctx-size") return ;;
    "compare -c" | "compare --ctx-size") return ;;
    "check -c" | "check --ctx-size") return ;;
    "compare-log -c" | "compare-log --ctx-size") return ;;
    "rank --kv-type") _fitvram_table cache-types; return ;;
    "estimate --kv-type") _fitvram_table cache-types; return ;;
    "plan --kv-type") _fitvram_table cache-types; return ;;
    "compare --kv-type") _fitvram_table cache-types; return ;;
    "check --kv-type") _fitvram_table cache-types; return ;;
    "compare-log --kv-type") _fitvram_table cache-types; return ;;
    "rank -ctk" | "rank --cache-type-k") _fitvram_table cache-types; return ;;
    "estimate -ctk" | "estimate --cache-type-k") _fitvram_table cache-types; return ;;
    "plan -ctk" | "plan --cache-type-k") _fitvram_table cache-types; return ;;
    "compare -ctk" | "compare --cache-type-k") _fitvram_table cache-types; return ;;
    "check -ctk" | "check --cache-type-k") _fitvram_table cache-types; return ;;
    "compare-log -ctk" | "compare-log --cache-type-k") _fitvram_table cache-types; return ;;
    "rank -ctv" | "rank --cache-type-v") _fitvram_table cache-types; return ;;
    "estimate -ctv" | "estimate --cache-type-v") _fitvram_table cache-types; return ;;
    "plan -ctv" | "plan --cache-type-v") _fitvram_table cache-types; return ;;
    "compare -ctv" | "compare --cache-type-v") _fitvram_table cache-types; return ;;
    "check -ctv" | "check --cache-type-v") _fitvram_table cache-types; return ;;
    "compare-log -ctv" | "compare-log --cache-type-v") _fitvram_table cache-types; return ;;
    "rank -np" | "rank --parallel") return ;;
    "estimate -np" | "estimate --parallel") return ;;
    "plan -np" | "plan --parallel") return ;;
    "compare -np" | "compare --parallel") return ;;
    "check -np" | "check --parallel") return ;;
    "compare-log -np" | "compare-log --parallel") return ;;
    "rank -b" | "rank --batch-size") return ;;
    "estimate -b" | "estimate --batch-size") return ;;
    "plan -b" | "plan --batch-size") return ;;
    "compare -b" | "compare --batch-size") return ;;
    "check -b" | "check --batch-size") return ;;
    "compare-log -b" | "compare-log --batch-size") return ;;
    "rank -ub" | "rank --ubatch-size") return ;;
    "estimate -ub" | "estimate --ubatch-size") return ;;
    "plan -ub" | "plan --ubatch-size") return ;;
    "compare -ub" | "compare --ubatch-size") return ;;
    "check -ub" | "check --ubatch-size") return ;;
    "compare-log -ub" | "compare-log --ubatch-size") return ;;
    "rank -fa" | "rank --flash-attn") _fitvram_words "on off auto"; return ;;
    "estimate -fa" | "estimate --flash-attn") _fitvram_words "on off auto"; return ;;
    "plan -fa" | "plan --flash-attn") _fitvram_words "on off auto"; return ;;
    "compare -fa" | "compare --flash-attn") _fitvram_words "on off auto"; return ;;
    "check -fa" | "check --flash-attn") _fitvram_words "on off auto"; return ;;
    "compare-log -fa" | "compare-log --flash-attn") _fitvram_words "on off auto"; return ;;
    "rank --rs-seq") return ;;
    "estimate --rs-seq") return ;;
    "plan --rs-seq") return ;;
    "compare --rs-seq") return ;;
    "check --rs-seq") return ;;
    "compare-log --rs-seq") return ;;
    "rank --outputs") return ;;
    "estimate --outputs") return ;;
    "plan --outputs") return ;;
    "compare --outputs") return ;;
    "check --outputs") return ;;
    "compare-log --outputs") return ;;
    "rank -ngl" | "rank --gpu-layers" | "rank --n-gpu-layers") _fitvram_words "all"; return ;;
    "estimate -ngl" | "estimate --gpu-layers" | "estimate --n-gpu-layers") _fitvram_words "all"; return ;;
    "plan -ngl" | "plan --gpu-layers" | "plan --n-gpu-layers") _fitvram_words "all"; return ;;
    "compare -ngl" | "compare --gpu-layers" | "compare --n-gpu-layers") _fitvram_words "all"; return ;;
    "check -ngl" | "check --gpu-layers" | "check --n-gpu-layers") _fitvram_words "all"; return ;;
    "compare-log -ngl" | "compare-log --gpu-layers" | "compare-log --n-gpu-layers") _fitvram_words "all"; return ;;
    "compare-log -m" | "compare-log --model") _fitvram_models; return ;;
    "estimate --file-size") return ;;
    "plan --file-size") return ;;
    "rank -q" | "rank --quant") _fitvram_table quants; return ;;
    "estimate -q" | "estimate --quant") _fitvram_table quants; return ;;
    "show -q" | "show --quant") _fitvram_table quants; return ;;
    "plan -q" | "plan --quant") _fitvram_table quants; return ;;
    "compare -q" | "compare --quant") _fitvram_table quants; return ;;
    "check -q" | "check --quant") _fitvram_table quants; return ;;
    "compare-log -q" | "compare-log --quant") _fitvram_table quants; return ;;
    "rank --params") return ;;
    "estimate --params") return ;;
    "plan --params") return ;;
    "compare --params") return ;;
    "rank --name") return ;;
    "estimate --name") return ;;
    "plan --name") return ;;
    "compare --name") return ;;
    "rank --catalog") _fitvram_files; return ;;
    "estimate --catalog") _fitvram_files; return ;;
    "show --catalog") _fitvram_files; return ;;
    "plan --catalog") _fitvram_files; return ;;
    "compare --catalog") _fitvram_files; return ;;
    "check --catalog") _fitvram_files; return ;;
    "list --catalog") _fitvram_files; return ;;
    "compare-log --catalog") _fitvram_files; return ;;
    "rank --only-catalog") _fitvram_files; return ;;
    "estimate --only-catalog") _fitvram_files; return ;;
    "show --only-catalog") _fitvram_files; return ;;
    "plan --only-catalog") _fitvram_files; return ;;
    "compare --only-catalog") _fitvram_files; return ;;
    "check --only-catalog") _fitvram_files; return ;;
    "list --only-catalog") _fitvram_files; return ;;
    "compare-log --only-catalog") _fitvram_files; return ;;
    "rank --gpus") _fitvram_files; return ;;
    "estimate --gpus") _fitvram_files; return ;;
    "plan --gpus") _fitvram_files; return ;;
    "compare --gpus") _fitvram_files; return ;;
    "check --gpus") _fitvram_files; return ;;
    "list --gpus") _fitvram_files; return ;;
    "rank --only-gpus") _fitvram_files; return ;;
    "estimate --only-gpus") _fitvram_files; return ;;
    "plan --only-gpus") _fitvram_files; return ;;
    "compare --only-gpus") _fitvram_files; return ;;
    "check --only-gpus") _fitvram_files; return ;;
    "list --only-gpus") _fitvram_files; return ;;
    "estimate --batch") _fitvram_files; return ;;
    "check --baseline") _fitvram_files; return ;;
    "check --tolerance") return ;;
    "rank --sort") _fitvram_words "params total free ctx verdict name"; return ;;
    "rank --top") return ;;
    "plan --top") return ;;
    "rank --min-ctx") return ;;
    "rank --filter") return ;;
    "plan --filter") return ;;
    "rank --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "estimate --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "show --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "plan --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "compare --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "check --format") _fitvram_words "table json ndjson csv markdown junit github"; return ;;
    "list --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "compare-log --format") _fitvram_words "table json ndjson csv markdown"; return ;;
    "rank --color") _fitvram_words "auto always never"; return ;;
    "estimate --color") _fitvram_words "auto always never"; return ;;
    "show --color") _fitvram_words "auto always never"; return ;;
    "plan --color") _fitvram_words "auto always never"; return ;;
    "compare --color") _fitvram_words "auto always never"; return ;;
    "check --color") _fitvram_words "auto always never"; return ;;
    "list --color") _fitvram_words "auto always never"; return ;;
    "compare-log --color") _fitvram_words "auto always never"; return ;;
  esac
  case ${COMP_WORDS[1]} in
    rank)
      if [[ $cur == -* ]]; then _fitvram_words "--gpu --vram --reserve --overhead --backend --gpu-memory-utilization -tp --tensor-parallel-size --runtime -c --ctx-size --extend-ctx --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload -q --quant --all-quants --params --name --catalog --only-catalog --gpus --only-gpus --all --fits-only --sort --top --min-ctx --filter --format --json --color --strict --help"
      else _fitvram_models; fi ;;
    estimate)
      if [[ $cur == -* ]]; then _fitvram_words "--gpu --vram --reserve --overhead --backend --gpu-memory-utilization -tp --tensor-parallel-size --runtime -c --ctx-size --extend-ctx --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload --file-size -q --quant --all-quants --params --name --catalog --only-catalog --gpus --only-gpus --batch --format --json --color --explain --strict --help"
      else _fitvram_models; fi ;;
    show)
      if [[ $cur == -* ]]; then _fitvram_words "-q --quant --catalog --only-catalog --format --json --color --tensors --params --explain --help"
      else _fitvram_models; fi ;;
    plan)
      if [[ $cur == -* ]]; then _fitvram_words "--reserve --overhead --backend --gpu-memory-utilization -tp --tensor-parallel-size --runtime -c --ctx-size --extend-ctx --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload --file-size -q --quant --params --name --catalog --only-catalog --gpus --only-gpus --all --fits-only --top --filter --format --json --color --strict --help"
      else _fitvram_models; fi ;;
    compare)
      if [[ $cur == -* ]]; then _fitvram_words "--gpu --vram --reserve --overhead --backend --gpu-memory-utilization -tp --tensor-parallel-size -c --ctx-size --extend-ctx --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload -q --quant --params --name --catalog --only-catalog --gpus --only-gpus --format --json --color --strict --help"
      else _fitvram_models; fi ;;
    check)
      if [[ $cur == -* ]]; then _fitvram_words "--gpu --vram --reserve --overhead --backend --gpu-memory-utilization -tp --tensor-parallel-size --runtime -c --ctx-size --extend-ctx --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload -q --quant --catalog --only-catalog --gpus --only-gpus --baseline --tolerance --write-baseline --format --json --color --strict --help"
      else _fitvram_files; fi ;;
    list)
      if [[ $cur == -* ]]; then _fitvram_words "--catalog --only-catalog --gpus --only-gpus --format --json --color --help"
      else _fitvram_words "gpus models runtimes architectures cache-types quants"; fi ;;
    compare-log)
      if [[ $cur == -* ]]; then _fitvram_words "--backend -c --ctx-size --kv-type -ctk --cache-type-k -ctv --cache-type-v -np --parallel -kvu --kv-unified -b --batch-size -ub --ubatch-size -fa --flash-attn --swa-full --rs-seq --outputs -ngl --gpu-layers --n-gpu-layers -nkvo --no-kv-offload -m --model -q --quant --catalog --only-catalog --format --json --color --help"
      else _fitvram_files; fi ;;
    help) _fitvram_words "rank estimate show plan compare check list compare-log" ;;
    completion) _fitvram_words "bash zsh fish" ;;
  esac
}

complete -F _fitvram fitvram
