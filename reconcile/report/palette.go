package report

import "github.com/fatih/color"

// tone is what a colour says. What adds access is green and what takes it away is red, whatever
// the line of text does: a removed deny is green.
type tone int

const (
	neutral tone = iota
	grants
	takes
	edits
	replaces
	dim
	bold
)

// palette paints text; it is a value of its own, since the library's global switch belongs to the
// whole process.
type palette map[tone]*color.Color

func newPalette(on bool) palette {
	p := palette{
		grants:   color.New(color.FgGreen),
		takes:    color.New(color.FgRed),
		edits:    color.New(color.FgYellow),
		replaces: color.New(color.FgMagenta),
		dim:      color.New(color.Faint),
		bold:     color.New(color.Bold),
	}
	for _, c := range p {
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
	}
	return p
}

// as returns s in the colour of t; s has been through [Terminal].
func (p palette) as(t tone, s string) string {
	c, ok := p[t]
	if !ok || s == "" {
		return s
	}
	return c.Sprint(s)
}
