package policy

// Together is NewEvaluator for roles that were read before: read[i] is an evaluator of the policy of
// held[i], made under semantics that take the same specifiers. Whoever asks about many people who hold
// few roles reads each role once.
func Together(held []Held, read []*Evaluator, sem Semantics) *Evaluator {
	e := &Evaluator{sem: sem, roles: make([]heldRole, len(held))}
	for i, h := range held {
		e.roles[i] = heldRole{Held: h, matcher: matcher{sem, h.Attributes}, statements: read[i].roles[0].statements}
		for _, p := range read[i].problems {
			p.Held = i
			e.problems = append(e.problems, p)
		}
	}
	return e
}
