package plan

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// fill makes every list that is nil empty: JSON shall say [], not null.
func (p *Plan) fill() {
	notNil(&p.Changes)
	notNil(&p.Skipped)
	notNil(&p.Unmanaged)
	notNil(&p.Ignored)
	notNil(&p.Blocks)
	for i := range p.Blocks {
		notNil(&p.Blocks[i].Keys)
	}
	notNil(&p.Scope.Roles.Include)
	notNil(&p.Scope.Roles.Ignore)
	for _, s := range []*role.Scope{p.Scope.Teams, p.Scope.Members} {
		if s != nil {
			notNil(&s.Include)
			notNil(&s.Ignore)
		}
	}
	notNil(&p.Lift.AllowPreset)
	notNil(&p.Lift.Unprotect)
}

func notNil[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// sort puts the changes in the order in which they are applied, and notes in that of their keys.
func (p *Plan) sort() {
	slices.SortFunc(p.Changes, compareChanges)
	for _, notes := range [][]Note{p.Skipped, p.Unmanaged, p.Ignored} {
		slices.SortFunc(notes, func(a, b Note) int { return cmp.Or(cmp.Compare(a.Key, b.Key), compareKinds(a.Kind, b.Kind)) })
	}
}

func compareChanges(a, b Change) int {
	return cmp.Or(
		cmp.Compare(slices.Index(Phases(), a.Phase), slices.Index(Phases(), b.Phase)),
		cmp.Compare(a.takes(), b.takes()),
		cmp.Compare(a.Key, b.Key),
		compareKinds(a.Kind, b.Kind),
	)
}

// takes orders the changes of one phase, as far as both have to do with roles that are held: who is
// given roles comes first and who is left without comes last, so that the last one who can do
// something goes after the next has come.
func (c Change) takes() int {
	if c.Holder == nil || c.Phase != PhaseReassign {
		return 0
	}
	switch given, taken := len(c.Holder.Roles.Added) > 0, len(c.Holder.Roles.Removed) > 0; {
	case given && !taken:
		return -1
	case taken && !given:
		return 1
	}
	return 0
}

// seal fills in what follows from the rest of the plan.
func (p *Plan) seal() {
	p.Summary = summarise(p.Changes)
	if p.Complete {
		p.ExitReason = p.reason()
	}
	p.PlanHash = p.hash()
	p.FileDigest = p.digest()
}

func summarise(changes []Change) Summary {
	var s Summary
	for _, c := range changes {
		if c.Part() == 2 {
			continue // counted with the first
		}
		if c.Holder != nil {
			s.countHolder(c)
			continue
		}
		switch c.Action {
		case Create:
			s.Create++
		case Update:
			s.Update++
		case Delete:
			s.Delete++
		case Replace:
			s.Replace++
		}
	}
	return s
}

func (s *Summary) countHolder(c Change) {
	if c.Kind == KindTeam {
		s.Teams++
	} else {
		s.Members++
	}
}

func (p *Plan) reason() ExitReason {
	switch {
	case len(p.Blocks) > 0:
		return Blocked
	case len(p.Changes) > 0:
		return Changes
	}
	return NoChanges
}

// hash returns the plan's PlanHash: "sha256:" and 64 hexadecimal digits over compact JSON of what
// stands below, in this order, the changes in that of their ids, without HTML escapes. The order in
// which they are applied, and which of them take two writes, is left out: it follows from what is known
// of access, and a plan made anew to see whether a saved one still holds does not ask for that.
func (p *Plan) hash() string {
	type change struct {
		ID           string `json:"id"`
		BeforeDigest string `json:"beforeDigest"`
		AfterDigest  string `json:"afterDigest"`
	}
	meaning := struct {
		FormatVersion string   `json:"formatVersion"`
		Target        Target   `json:"target"`
		Scope         Scope    `json:"scope"`
		Changes       []change `json:"changes"`
	}{p.FormatVersion, p.Target, p.Scope, []change{}}
	for _, c := range p.Wholes() {
		meaning.Changes = append(meaning.Changes, change{c.ID, c.BeforeDigest, c.AfterDigest})
	}
	slices.SortFunc(meaning.Changes, func(a, b change) int { return cmp.Compare(a.ID, b.ID) })
	return sum(bytes.TrimSpace(encode(meaning, "")))
}

// digest returns the plan's FileDigest: over the JSON of the file with an empty FileDigest.
func (p *Plan) digest() string {
	bare := *p
	bare.FileDigest = ""
	h := sha256.New()
	encodeTo(h, &bare, fileIndent)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(s[:])
}

const fileIndent = "  "

// Encode returns the plan as it stands in a file: indented JSON, without HTML escapes, ending in a
// line feed. It is printed too, and a role's description may hold anything: see [diag.InertJSON].
func Encode(p *Plan) []byte {
	return diag.InertJSON(encode(p, fileIndent))
}

func encode(v any, indent string) []byte {
	var out bytes.Buffer
	encodeTo(&out, v, indent)
	return out.Bytes()
}

func encodeTo(w io.Writer, v any, indent string) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		panic("plan: a plan is plain data and always encodes: " + err.Error())
	}
}
