package lint

// Meaning returns the codes of the rules about what policies mean and about who holds them. All
// others are about the words, which have to be right before anything can be planned.
func Meaning() []string { return codes(func(code string) bool { return !aboutWords(code) }) }

// Words returns the codes of all other rules.
func Words() []string { return codes(aboutWords) }

func codes(are func(code string) bool) (list []string) {
	for _, rule := range Rules() {
		if are(rule.Code) {
			list = append(list, rule.Code)
		}
	}
	return list
}

// LockOut is the code of the rule about the whole account: whether enough people can administer it.
const LockOut = "LD211"

// Empty reports whether the files declare nothing.
func (f Files) Empty() bool { return len(f.Roles)+len(f.Teams)+len(f.Members) == 0 }
