package access

import "github.com/rolewright/rolewright/reconcile/policy"

// InTwoEnvironments looks for an action that counts only where it is allowed in every environment of
// the project, for a resource in a project with two of them: the request in the one is in here, and the
// same in the other is in there. It returns the first, with both environments. No is a proof that there
// is none. The regions are of this engine, and of subjects that are not symbolic.
func (e *Engine) InTwoEnvironments(here, there Region) (policy.Request, Answer) {
	e.Refill()
	w := &widener{prover: newProver(e)}
	result := No
	for _, kind := range kindsIn(here, there) {
		parts, complete := w.parts(kind, here)
		if !complete {
			result = Undecided
		}
		for _, p := range parts {
			r, a := w.both(p, here.proof, there)
			if a == Yes {
				return r, Yes
			}
			if a == Undecided {
				result = Undecided
			}
		}
	}
	return policy.Request{}, result
}

// both looks for a request of the part in one environment that is in there in another.
func (w *widener) both(p widePart, here proof, there Region) (policy.Request, Answer) {
	var one, other Example
	_, a := w.pair(p, w.elsewhere(p, wideQuery{other: there.at}),
		func(x Example) bool { one = x; return here(x) },
		func(y Example) bool { other = y; return there.proof(y) })
	if a != Yes {
		return policy.Request{}, a
	}
	env := envIn(p.kind)
	one.Request.Environments = []policy.Part{one.Request.Resource[env], other.Request.Resource[env]}
	return one.Request, Yes
}
