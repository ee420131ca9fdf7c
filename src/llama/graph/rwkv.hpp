#pragma once
#include "llama/graph/families.hpp"

namespace fitvram {

/// The blocks of RWKV models and of those that put its time mixing in place of attention.
template <typename TimeMix, typename ChannelMix>
void build_rwkv(GraphBuilder& b, const Family& f, TimeMix time_mix, ChannelMix channel_mix) {
  b.layer_norm = f.layer_norm;
  const std::uint64_t n = b.n_embd, t = b.n_tokens, seqs = b.n_seqs, each = t / seqs;
  NodeId x = b.embed(false);
  b.layer = SIZE_MAX;
  if (f.embd_norm) x = b.norm(x, "token_embd_norm");
  for (const std::size_t il : b.plan) {
    b.layer = il;
    b.last = il + 1 == b.model.n_layer;
    x = b.reshape(x, {n, each, seqs, 1});
    const NodeId cache = b.state_cache(CacheRole::conv_state);
    if (cache == no_node) throw Unbuilt{};
    const bool feeds_forward = b.has("ffn_up.weight");
    const std::uint64_t shifts = feeds_forward ? 1 : 2;
    const Shape one{n, 1, seqs, 1}, flat{n, t, 1, 1};
    const NodeId shift = b.reshape(b.state(cache, shifts * n), {n, shifts, seqs, 1});
    const auto shifted = [&](NodeId last, NodeId y) {
      return b.other({n, each, seqs, 1}, {last, b.strided(y, {n, each - 1, seqs, 1})});
    };
    const NodeId target = b.reshape(cache, {shifts * n * seqs, 1, 1, 1});
    const auto store = [&](NodeId fresh) { b.g.expand(b.g.write(target, {fresh, target})); };
    const NodeId att = b.norm(x, "attn_norm");
    if (feeds_forward) {
      NodeId cur = time_mix(att, shifted(shift, att));
      store(b.strided(att, one));
      NodeId in = b.reshape(b.add(cur, x), flat);
      if (b.last) in = b.pick(in);
      x = b.add(ffn_block(b, f, b.norm(in, "ffn_norm")), in);
      continue;
    }
    NodeId cur = time_mix(att, shifted(b.strided(shift, one), att));
    NodeId in = b.add(cur, x);
    NodeId ffn = b.norm(in, "attn_norm_2");
    NodeId before = shifted(b.strided(shift, one), ffn);
    store(b.other({n, 2, seqs, 1}, {b.strided(att, one), b.strided(ffn, one)}));
    in = b.reshape(in, flat), ffn = b.reshape(ffn, flat), before = b.reshape(before, flat);
    if (b.last) in = b.pick(in), ffn = b.pick(ffn), before = b.pick(before);
    x = b.add(channel_mix(ffn, before), in);
  }
  b.head(x, f.caps);
}

}  // namespace fitvram
