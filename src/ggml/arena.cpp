#include "ggml/arena.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "ggml/schedule.hpp"

namespace fitvram {

namespace {

struct Block {
  std::uint64_t offset, size;

  friend bool operator==(const Block&, const Block&) = default;
};

struct Chunk {
  std::vector<Block> free;  // by offset; the last one is what was never used
  std::uint64_t max_size = 0;

  friend bool operator==(const Chunk&, const Chunk&) = default;
};

struct Address {
  std::size_t chunk = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const Address&, const Address&) = default;
};

constexpr std::size_t max_chunks = 16;

class Allocator {
 public:
  explicit Allocator(const Memory& memory) : memory_(memory) {}

  std::uint64_t aligned(std::uint64_t size) const { return round_up(size, memory_.alignment); }

  Address take(std::uint64_t size) {
    size = aligned(size);
    auto [chunk, block] = best_used(size);
    if (chunk == chunks_.size()) std::tie(chunk, block) = best_last(size);
    if (chunk == chunks_.size()) {
      const std::uint64_t room =
          chunk + 1 == max_chunks ? UINT64_MAX / 2 : std::max(size, memory_.max_chunk);
      chunks_.emplace_back();
      chunks_.back().free.reserve(32);
      chunks_.back().free.push_back({0, room});
      block = 0;
    }
    Chunk& c = chunks_[chunk];
    Block& b = c.free[block];
    const Address address{chunk, b.offset};
    b.offset += size, b.size -= size;
    if (b.size == 0) c.free.erase(c.free.begin() + static_cast<std::ptrdiff_t>(block));
    c.max_size = std::max(c.max_size, address.offset + size);
    return address;
  }

  void give(Address address, std::uint64_t size) {
    size = aligned(size);
    auto& free = chunks_[address.chunk].free;
    for (std::size_t i = 0; i < free.size(); ++i) {
      Block& block = free[i];
      if (block.offset + block.size == address.offset) {
        block.size += size;
        join(free, i);
        return;
      }
      if (address.offset + size == block.offset) {
        block.offset = address.offset, block.size += size;
        if (i > 0) join(free, i - 1);
        return;
      }
    }
    const auto after = std::find_if(free.begin(), free.end(),
                                    [&](const Block& b) { return b.offset >= address.offset; });
    free.insert(after, {address.offset, size});
  }

  const std::vector<Chunk>& chunks() const { return chunks_; }

  std::uint64_t extent(std::size_t chunk) const { return chunks_[chunk].max_size; }

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& chunk : chunks_) sum += chunk.max_size;
    return sum;
  }

 private:
  static void join(std::vector<Block>& free, std::size_t i) {
    if (i + 1 >= free.size() || free[i].offset + free[i].size != free[i + 1].offset) return;
    free[i].size += free[i + 1].size;
    free.erase(free.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }

  using Found = std::pair<std::size_t, std::size_t>;

  /// The smallest block that was used before and is large enough; of equals the later one.
  Found best_used(std::uint64_t size) const {
    Found found{chunks_.size(), 0};
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      std::uint64_t best = UINT64_MAX;
      const auto& free = chunks_[c].free;
      for (std::size_t i = 0; i + 1 < free.size(); ++i)
        if (free[i].size >= size && free[i].size <= best) found = {c, i}, best = free[i].size;
    }
    return found;
  }

  /// The chunk whose end wastes or grows least.
  Found best_last(std::uint64_t size) const {
    Found found{chunks_.size(), 0};
    std::int64_t best = INT64_MIN;
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      const Chunk& chunk = chunks_[c];
      if (chunk.free.empty()) continue;
      const Block& last = chunk.free.back();
      const auto spare = static_cast<std::int64_t>(chunk.max_size - last.offset - size);
      const bool better = (best < 0 && spare > best) || (spare >= 0 && spare < best);
      if (last.size >= size && better) found = {c, chunk.free.size() - 1}, best = spare;
    }
    return found;
  }

  Memory memory_;
  std::vector<Chunk> chunks_;
};

/// What the allocator knows of a tensor while it walks the graph.
struct Lifetime {
  std::int32_t children = 0, views = 0;
  Address address;
  Place place = Place::none;
  bool allocated = false;
  bool elsewhere = false;  ///< in another buffer, or in that of the tensor it is a view of
};

/// All that decides how the walk goes on from the first operation of a block.
struct Moment {
  struct Held {
    NodeId node;
    Place place;
    Address address;
  };
  std::vector<Chunk> device, host;
  std::vector<Held> held;  ///< in the order in which they were allocated
};

/// Whether blocks that begin with these nodes find the same: of what is held, some was made before
/// both, the rest by the blocks themselves or the same number of nodes before them.
bool same(const Moment& a, NodeId first_a, const Moment& b, NodeId first_b) {
  const auto alike = [&](const Moment::Held& x, const Moment::Held& y) {
    return x.place == y.place && x.address == y.address &&
           (x.node == y.node || x.node - first_a == y.node - first_b);
  };
  return a.device == b.device && a.host == b.host &&
         std::equal(a.held.begin(), a.held.end(), b.held.begin(), b.held.end(), alike);
}

/// What watches the walk: nothing, or the buffers as they grow.
enum class Watch { nothing, growth };

template <Watch watch>
class Walk {
 public:
  /// `built` nodes are the graph's own, the others the scheduler's.
  Walk(Graph& graph, NodeId built, const Machine& machine)
      : graph_(graph),
        built_(built),
        device_(machine.device_memory),
        host_(machine.host_memory),
        life_(graph.nodes.size()) {
    for (std::size_t i = 0; i < life_.size(); ++i)
      life_[i].elsewhere = graph.nodes[i].external || graph.nodes[i].view_src != no_node;
  }

  ArenaBytes run(const std::vector<Scheduled>& steps) {
    for (const NodeId leaf : graph_.leafs) need(leaf, graph_.node(leaf).place);
    for (const Scheduled& step : steps) {
      const Node& each = graph_.node(step.node);
      if (each.view_src != no_node && each.op != Op::dependency) ++life(each.view_src).views;
      for (const NodeId source : each.src) {
        if (source == no_node) break;
        ++life(source).children;
        if (graph_.node(source).input) need(source, step.place);
      }
    }
    for (const Scheduled& step : steps) {
      if (watches_blocks() && step.node < built_) look(step.node);
      const auto& sources = graph_.node(step.node).src;
      std::size_t n = 0;
      for (; n < sources.size() && sources[n] != no_node; ++n) need(sources[n], step.place);
      need(step.node, step.place);
      for (std::size_t i = 0; i < n; ++i) release(sources[i]);
    }
    return {device_.total(), host_.total(), repeats_ && !watches_blocks()};
  }

  std::vector<ChunkPeak> peaks() && { return std::move(peaks_); }

 private:
  /// Compares the moments at which the two ends of a Graph::repeats are reached.
  void look(NodeId id) {
    const Graph::Repeat& next = graph_.repeats[n_seen_];
    if (!began_ && id >= next.from) {
      began_ = true;
      found_ = moment();
    } else if (began_ && id >= next.to) {
      began_ = false;
      repeats_ = repeats_ && same(found_, next.from, moment(), next.to);
      ++n_seen_;
      if (watches_blocks()) look(id);
    }
  }

  bool watches_blocks() const { return n_seen_ != graph_.repeats.size(); }

  Moment moment() const {
    Moment now{device_.chunks(), host_.chunks(), {}};
    for (const NodeId id : held_) {
      const Lifetime& each = life_[static_cast<std::size_t>(id)];
      now.held.push_back({id, each.place, each.address});
    }
    return now;
  }

  void hold(NodeId id) {
    if (watches_blocks()) held_.push_back(id);
  }

  void let_go(NodeId id) {
    if (!watches_blocks()) return;
    const auto at = std::find(held_.rbegin(), held_.rend(), id);
    if (at != held_.rend()) held_.erase(std::next(at).base());
  }

  Lifetime& life(NodeId id) { return life_[static_cast<std::size_t>(id)]; }
  Allocator& memory(Place place) { return place == Place::device ? device_ : host_; }
  std::uint64_t size(NodeId id, Place place) const {
    return place == Place::device ? graph_.node(id).device_bytes : graph_.node(id).bytes;
  }

  void need(NodeId id, Place place) {
    if (const Lifetime& own = life(id); !own.elsewhere && !own.allocated) allocate(id, place);
  }

  void allocate(NodeId id, Place place) {
    Lifetime& own = life(id);
    own.allocated = true;
    hold(id);
    const Op op = graph_.node(id).op;
    if ((op == Op::in_place || op == Op::rope) && takes_over(id)) return;
    own.place = place;
    own.address = memory(place).take(size(id, place));
    if constexpr (watch == Watch::growth) note_growth(id);
  }

  void note_growth(NodeId id) {
    const Lifetime& own = life(id);
    auto& seen = chunk_peaks_[own.place == Place::device ? 0 : 1];
    if (own.address.chunk >= seen.size()) {
      seen.push_back(peaks_.size());
      peaks_.push_back({own.place, 0, no_node, {}});
    }
    ChunkPeak& peak = peaks_[seen[own.address.chunk]];
    const std::uint64_t extent = memory(own.place).extent(own.address.chunk);
    if (extent <= peak.bytes) return;
    peak.bytes = extent, peak.grown_by = id;
    peak.alive.clear();
    for (std::size_t i = 0; i < life_.size(); ++i) {
      const Lifetime& each = life_[i];
      if (!each.allocated || each.place != own.place || each.address.chunk != own.address.chunk)
        continue;
      const auto alive = static_cast<NodeId>(i);
      peak.alive.push_back({alive, memory(each.place).aligned(size(alive, each.place))});
    }
  }

  bool takes_over(NodeId id) {
    const Node& taker = graph_.node(id);
    for (const NodeId source : taker.src) {
      if (source == no_node) break;
      const Node& parent = graph_.node(source);
      Lifetime& theirs = life(source);
      if (!theirs.allocated || parent.output || parent.ne != taker.ne ||
          !(parent.elem == taker.elem))
        continue;
      if (theirs.children != 1 || theirs.views != 0) continue;
      Lifetime& own = life(id);
      own.place = theirs.place;
      own.address = theirs.address;
      theirs.allocated = false;
      let_go(source);
      Allocator& from = memory(own.place);
      const std::uint64_t had = from.aligned(size(source, own.place));
      const std::uint64_t needs = from.aligned(size(id, own.place));
      if (had > needs) from.give({own.address.chunk, own.address.offset + needs}, had - needs);
      return true;
    }
    return false;
  }

  void release(NodeId id) {
    Lifetime& parent = life(id);
    --parent.children;
    if (parent.children != 0 || parent.views != 0) return;
    const NodeId root = graph_.node(id).view_src;
    if (root == no_node) {
      if (parent.allocated) free(id);
      return;
    }
    Lifetime& source = life(root);
    --source.views;
    if (source.views == 0 && source.children == 0 && source.allocated) free(root);
  }

  void free(NodeId id) {
    if (graph_.node(id).output) return;
    Lifetime& own = life(id);
    memory(own.place).give(own.address, size(id, own.place));
    own.allocated = false;
    let_go(id);
  }

  Graph& graph_;
  NodeId built_;
  Allocator device_, host_;
  std::vector<Lifetime> life_;
  std::vector<NodeId> held_;
  Moment found_;
  bool began_ = false, repeats_ = true;
  std::size_t n_seen_ = 0;  // of graph_.repeats
  std::vector<ChunkPeak> peaks_;
  std::array<std::vector<std::size_t>, 2> chunk_peaks_;  // place -> chunk -> which of peaks_
};

}  // namespace

ArenaBytes arena_bytes(Graph& graph, const Machine& machine) {
  const NodeId built = graph.next();
  const std::vector<Scheduled> steps = schedule(graph, machine);
  return Walk<Watch::nothing>(graph, built, machine).run(steps);
}

ArenaPeaks arena_peaks(Graph& graph, const Machine& machine) {
  const NodeId built = graph.next();
  const std::vector<Scheduled> steps = schedule(graph, machine);
  Walk<Watch::growth> walk(graph, built, machine);
  const bool repeats = walk.run(steps).repeats;
  return {std::move(walk).peaks(), repeats};
}

}  // namespace fitvram
