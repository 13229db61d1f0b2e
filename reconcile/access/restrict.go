package access

// What an atom is known to be while a formula is restricted.
const (
	unknown int8 = iota
	isTrue
	isFalse
)

func valueOf(b bool) int8 {
	if b {
		return isTrue
	}
	return isFalse
}

// restrict returns f with the atoms that have a value put in. No atom above the level top may
// have one: what has no atom up to there is left alone.
func (e *Engine) restrict(f ref, top int32) ref {
	e.epoch++
	e.cover()
	return e.restricted(f, top)
}

// cover lets the notes of restrict and collect cover all nodes.
func (e *Engine) cover() {
	if n := len(e.nodes); n > len(e.visit) {
		e.visit = append(e.visit, make([]int32, n+n/2-len(e.visit))...)
		e.result = append(e.result, make([]ref, n+n/2-len(e.result))...)
	}
}

func (e *Engine) restricted(f ref, top int32) ref {
	n := e.node(f)
	sign := f & 1
	switch {
	case n.level > top:
		return f
	case n.atom >= 0:
		switch e.values[n.atom] {
		case isTrue:
			return yes ^ sign
		case isFalse:
			return no ^ sign
		}
		return f
	}
	at := int(f >> 1)
	if e.visit[at] == e.epoch {
		return e.result[at] ^ sign
	}
	r := e.restrictedAnd(f&^1, top)
	e.visit[at], e.result[at] = e.epoch, r
	return r ^ sign
}

func (e *Engine) restrictedAnd(f ref, top int32) ref {
	n := *e.node(f)
	e.steps -= int(n.n)
	base, same := len(e.stack), true
	for i := n.first; i < n.first+n.n; i++ {
		part := e.kids[i]
		r := e.restricted(part, top)
		if r == no {
			e.stack = e.stack[:base]
			return no
		}
		same = same && r == part
		if r != yes {
			e.stack = append(e.stack, r)
		}
	}
	if same {
		e.stack = e.stack[:base]
		return f
	}
	return e.close(base)
}

// restrictBy returns f where one atom has the value.
func (e *Engine) restrictBy(f ref, a *atom, value bool) ref {
	e.values[a.index] = valueOf(value)
	f = e.restrict(f, a.level)
	e.values[a.index] = unknown
	return f
}

// An occurrence is an atom of a formula, and how it stands there.
type occurrence struct {
	*atom
	positive, negative bool
}

// atomsIn returns the atoms of f up to level top, each once, in the order in which a walk from
// the left meets them.
func (e *Engine) atomsIn(f ref, top int32) []occurrence {
	e.epoch++
	e.cover()
	e.found = e.found[:0]
	e.collect(f, top)
	return e.found
}

// collect notes the atoms below f. Signs count: bit 0 of result says that the node was met plain,
// bit 1 that it was met negated.
func (e *Engine) collect(f ref, top int32) {
	n := *e.node(f)
	if n.level > top {
		return
	}
	at, bit := int(f>>1), ref(1)<<(f&1)
	if e.visit[at] != e.epoch {
		e.visit[at], e.result[at] = e.epoch, 0
		if n.atom >= 0 {
			e.found = append(e.found, occurrence{atom: e.atoms[n.atom]})
		}
	}
	if e.result[at]&bit != 0 {
		return
	}
	e.result[at] |= bit
	e.steps--
	for i := n.first; i < n.first+n.n; i++ {
		e.collect(e.kids[i]^(f&1), top)
	}
}

// signs fills in how the atoms stand that atomsIn found last.
func (e *Engine) signs(found []occurrence) {
	for i, o := range found {
		met := e.result[o.self>>1]
		found[i].positive, found[i].negative = met&1 != 0, met&2 != 0
	}
}
