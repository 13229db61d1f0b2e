package report

// Links of a Markdown page lead to one place: the repository and the run that a Page names. An
// address is put together from parts that were checked; a part that does not pass makes no link,
// and what would have been linked stands there as plain code.

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// Page says where a comment or a summary stands: what its links are built from, and what the
// footer says of the plan's origin. The zero value is a page without links.
type Page struct {
	ServerURL  string // "https://github.com", no slash at the end
	Repository string // "acme/access"; "" = no links
	Head, Base string // full commits; Base "" if not known
	// Folder is that of the workspace in the repository, "" for its root; the files of a plan are
	// relative to the workspace.
	Folder string
	RunURL string // of the workflow run; "" = no link
	// Artifact says that the run keeps the plan's file.
	Artifact bool
	// Untrusted says that the plan was made by a run that the pull request's own code could steer,
	// as one from a fork is.
	Untrusted bool
	// Offline says that the plan compares with the files of the base branch, not with LaunchDarkly.
	Offline bool
}

var (
	serverPattern     = pattern.Lazy(`^https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?$`)
	repositoryPattern = pattern.Lazy(`^[A-Za-z0-9_.-]{1,40}/[A-Za-z0-9_.-]{1,100}$`)
	commitPattern     = pattern.Lazy(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	runPattern        = pattern.Lazy(`^/actions/runs/[0-9]{1,20}(/attempts/[0-9]{1,9})?$`)
	placePattern      = pattern.Lazy(`^(.+):([0-9]{1,9})$`)
)

// longestPath is how many bytes of a path an address takes; a longer path gets no link.
const longestPath = 500

// links are the beginnings of the addresses that passed; "" where there can be none.
type links struct{ commit, blob, run string }

func (pg Page) links() links {
	var l links
	server := strings.TrimSuffix(pg.ServerURL, "/")
	if !serverPattern().MatchString(server) || len(server) > 100 || !repositoryPattern().MatchString(pg.Repository) {
		return l
	}
	repository := server + "/" + pg.Repository
	l.commit = repository + "/commit/"
	if tail, ok := strings.CutPrefix(pg.RunURL, repository); ok && runPattern().MatchString(tail) {
		l.run = repository + tail
	}
	if !commitPattern().MatchString(pg.Head) {
		return l
	}
	l.blob = repository + "/blob/" + pg.Head + "/"
	if pg.Folder != "" && pg.Folder != "." {
		folder := encodePath(pg.Folder)
		if folder == "" {
			l.blob = ""
			return l
		}
		l.blob += folder + "/"
	}
	return l
}

// link returns text, which is drawn already, as a link to an address that passed.
func link(text, address string) string { return "[" + text + "](" + address + ")" }

// file links text to a line of a file of the workspace; to the file, if the line is 0. What has "]:" in it
// is not linked: at the beginning of a line that would define a link, in code too, and show nothing.
func (l links) file(text, file string, line int) string {
	path := encodePath(file)
	if l.blob == "" || path == "" || strings.Contains(text, "]:") {
		return text
	}
	address := l.blob + path
	if line > 0 {
		address += "#L" + strconv.Itoa(line)
	}
	return link(text, address)
}

// commitName returns a commit, shortened as git does, linked where it is a whole one.
func (l links) commitName(commit string) string {
	if !commitPattern().MatchString(commit) {
		return MarkdownSpan(elide(commit, shortMost))
	}
	text := MarkdownSpan(commit[:7])
	if l.commit == "" {
		return text
	}
	return link(text, l.commit+commit)
}

// encodePath returns a path of a repository for an address, every byte but the plainest as %XX;
// "" for one that is none.
func encodePath(path string) string {
	if path == "" || len(path) > longestPath {
		return ""
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			return ""
		}
		parts[i] = encodePart(part)
	}
	return strings.Join(parts, "/")
}

func encodePart(part string) string {
	var b strings.Builder
	for i := range len(part) {
		c := part[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// splitPlace takes "file:line" apart; the line is 0 where none is named.
func splitPlace(s string) (file string, line int) {
	m := placePattern().FindStringSubmatch(s)
	if m == nil {
		return s, 0
	}
	line, _ = strconv.Atoi(m[2]) // nine digits at most
	return m[1], line
}
