// MemCache: how objects come and go.
#pragma once

#include <utility>

#include "lib/bpf/mem_cache.h"

namespace anyctx::bpf {

template <machine::Machine M>
typename MemCache<M>::Node* MemCache<M>::take() {
  Node* node = nullptr;
  std::uint32_t left = 0;
  {
    const Section section(*this);
    if (section.may_touch() && !M::fails(site::mem_empty, free_ == nullptr)) node = pop(left);
  }
  // With interrupts still off: the work is this CPU's.
  if (left < shape_.low) refill_.queue();
  if (node != nullptr) node->next = this;
  return node;
}

template <machine::Machine M>
void MemCache<M>::give(Node* node, MemCache* home) {
  target_.store(home, std::memory_order_relaxed);
  std::uint32_t count = 0;
  {
    const Section section(*this);
    if (section.may_touch()) {
      count = push(node);
    } else {
      extra_.push(node);
    }
  }
  if (count > shape_.high) refill_.queue();
}

template <machine::Machine M>
void MemCache<M>::give_rcu(Node* node, MemCache* home) {
  target_.store(home, std::memory_order_relaxed);
  {
    const Section section(*this);
    if (section.may_touch()) {
      link(node, by_rcu_);
      by_rcu_ = node;
    } else {
      extra_rcu_.push(node);
    }
  }
  if (in_flight_.load(std::memory_order_relaxed) == 0) refill_.queue();
}

/// Section.
template <machine::Machine M>
std::uint32_t MemCache<M>::push(Node* node) {
  link(node, free_);
  free_ = node;
  const std::uint32_t count = count_.load(std::memory_order_relaxed) + 1;
  count_.store(count, std::memory_order_relaxed);
  return count;
}

/// Section; there is one.
template <machine::Machine M>
typename MemCache<M>::Node* MemCache<M>::pop(std::uint32_t& left) {
  Node* const node = free_;
  free_ = next_of(node);
  left = count_.load(std::memory_order_relaxed) - 1;
  count_.store(left, std::memory_order_relaxed);
  return node;
}

/// In an interrupt of this CPU, or on RT in its thread.
template <machine::Machine M>
void MemCache<M>::work() {
  const std::uint32_t count = count_.load(std::memory_order_relaxed);
  if (count < shape_.low) {
    add(shape_.batch, page::gfp::nowait);
  } else if (count > shape_.high) {
    trim();
  }
  begin_rcu();
}

/// What waits is used again before new memory is asked for.
template <machine::Machine M>
void MemCache<M>::add(std::uint32_t wanted, page::Gfp gfp) {
  for (std::uint32_t i = 0; i < wanted; ++i) {
    Node* node = trace_.take_back();
    if (node == nullptr && !M::fails(site::mem_object, false)) {
      node = static_cast<Node*>(env_->slabs->kmalloc(shape_.unit, gfp | page::gfp::zero));
    }
    if (node == nullptr) return;
    const machine::IrqState state = M::irq_save();
    {
      const Section section(*this);
      section.must_be_alone();
      push(node);
    }
    M::irq_restore(state);
    M::probe(site::mem_step);
  }
}

/// Down to the middle between the marks. What came from another cache goes there, by a guess.
template <machine::Machine M>
void MemCache<M>::trim() {
  MemTraceStage<M>& stage = target_.load(std::memory_order_relaxed)->trace_;
  std::uint32_t left = 0;
  do {
    Node* node = nullptr;
    const machine::IrqState state = M::irq_save();
    {
      const Section section(*this);
      section.must_be_alone();
      if (free_ != nullptr) node = pop(left);
    }
    M::irq_restore(state);
    if (node == nullptr) break;
    stage.queue(node);
    M::probe(site::mem_step);
  } while (left > (shape_.low + shape_.high) / 2);
  for (Node* node = extra_.take_all(); node != nullptr;) {
    Node* const next = next_of(node);
    stage.queue(node);
    node = next;
  }
  stage.kick();
}

/// One grace period at a time. What comes meanwhile waits for the next free.
template <machine::Machine M>
void MemCache<M>::begin_rcu() {
  for (Node* node = extra_rcu_.take_all(); node != nullptr;) {
    Node* const next = next_of(node);
    const machine::IrqState state = M::irq_save();
    {
      const Section section(*this);
      section.must_be_alone();
      link(node, by_rcu_);
      by_rcu_ = node;
    }
    M::irq_restore(state);
    node = next;
  }
  Node* taken = nullptr;
  const machine::IrqState state = M::irq_save();
  {
    const Section section(*this);
    section.must_be_alone();
    if (by_rcu_ != nullptr && in_flight_.exchange(1) == 0) taken = std::exchange(by_rcu_, nullptr);
  }
  M::irq_restore(state);
  if (taken == nullptr) return;
  while (taken != nullptr) {
    Node* const next = next_of(taken);
    in_rcu_.push(taken);
    taken = next;
  }
  env_->grace->rcu.call(&rcu_.head, [](defer::RcuHead<M>* head) {
    reinterpret_cast<RcuStep*>(head)->cache->end_rcu();
  });
}

/// A worker.
template <machine::Machine M>
void MemCache<M>::end_rcu() {
  MemTraceStage<M>& stage = target_.load(std::memory_order_relaxed)->trace_;
  Node* node = in_rcu_.take_all();
  const bool any = node != nullptr;
  while (node != nullptr) {
    Node* const next = next_of(node);
    stage.queue(node);
    M::probe(site::mem_step);
    node = next;
  }
  if (any) stage.kick();
  in_flight_.store(0);
}

template <machine::Machine M>
void MemCache<M>::drain() {
  env_->free_all(std::exchange(free_, nullptr));
  count_.store(0, std::memory_order_relaxed);
  env_->free_all(std::exchange(by_rcu_, nullptr));
  env_->free_all(extra_.take_all());
  env_->free_all(extra_rcu_.take_all());
  env_->free_all(in_rcu_.take_all());
  trace_.drain();
}

template <machine::Machine M>
template <class F>
void MemCache<M>::peek_each(F f) const {
  const std::pair<Place, const Node*> lists[] = {
      {Place::free, free_},
      {Place::extra, extra_.peek()},
      {Place::extra_rcu, extra_rcu_.peek()},
      {Place::by_rcu, by_rcu_},
      {Place::in_rcu, in_rcu_.peek()},
      {Place::before_trace, trace_.peek_before()},
      {Place::in_trace, trace_.peek_waiting()},
  };
  for (const auto& [place, first] : lists) {
    for (const Node* node = first; node != nullptr; node = static_cast<const Node*>(node->next)) {
      f(place, static_cast<const void*>(node));
    }
  }
}

}  // namespace anyctx::bpf
