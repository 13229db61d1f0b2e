package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// mostDescribed is how many different slips are put into words. The others have an example.
const mostDescribed = 10

// blocks refuses each change after which somebody holds too much or too little for a moment, and says
// what. Somebody of whom the change before said the same is not told of again.
func (x *crossing) blocks(way []Change) []Block {
	all := x.slips(way)
	var blocks []Block
	if len(all) == 0 {
		return blocks
	}
	x.transit.Only(emailsOf(all))
	defer x.transit.Only(nil)
	x.transit.Restart()
	said := map[string]string{}
	for _, c := range way {
		x.tell(c)
		slips := x.transit.Slips()
		x.transit.Describe(slips, mostDescribed)
		blocks = append(blocks, x.refuse(c, slips, said)...)
	}
	return blocks
}

// refuse blocks a change for what is new about it, unless it is let through.
func (x *crossing) refuse(c Change, slips []people.Slip, said map[string]string) []Block {
	who := map[string][]string{}
	var order []string
	for _, s := range slips {
		words := slipped(s)
		if said[s.Email] == words {
			continue
		}
		said[s.Email] = words
		if who[words] == nil {
			order = append(order, words)
		}
		who[words] = append(who[words], s.Email)
	}
	if slices.Contains(x.opts.Lift.AllowTransient, c.Key) {
		return nil
	}
	var blocks []Block
	for _, words := range order {
		blocks = append(blocks, Block{
			Guard:   GuardGap,
			Message: fmt.Sprintf("after %s, %s would %s", naming(c), leftOver(who[words], role.Assigned{}), words),
			Keys:    []string{c.Key},
			Flag:    "--allow-transient " + c.Key,
			Hint:    "make two plans of it: one for what is given and, once it is applied, one for what is taken away",
		})
	}
	return blocks
}

// naming names a change in a sentence.
func naming(c Change) string {
	what := fmt.Sprintf("%s of role %q", c.Action, c.Key)
	if c.Holder != nil {
		what = fmt.Sprintf("%s of %s", c.Action, holderName(c.Kind, c.Key))
	}
	return "the " + []string{"", "first step of the ", "second step of the "}[c.Part()] + what
}

// slipped says what somebody lacks, and what they hold that they should not.
func slipped(s people.Slip) string {
	var parts []string
	if s.Lost.Example != "" {
		parts = append(parts, "lack for a moment what they hold before and after: "+inWords(s.Lost))
	}
	if s.Surplus.Example != "" {
		parts = append(parts, "hold for a moment what they hold neither before nor after: "+inWords(s.Surplus))
	}
	if len(s.Undecided) > 0 {
		parts = append(parts, "hold for a moment what could not be compared: "+strings.Join(s.Undecided, "; "))
	}
	return strings.Join(parts, "; and ")
}

// inWords puts one side into words: all of it where that is known, or else an example more.
func inWords(s people.Side) string {
	var words []string
	for _, l := range s.Lines {
		words = append(words, l.String())
	}
	switch {
	case len(words) == 0:
		return "for example " + s.Example
	case !s.Exact && s.Rest != "":
		words = append(words, "and more, for example "+s.Rest)
	case !s.Exact:
		words = append(words, "and more")
	}
	return strings.Join(words, "; ")
}
