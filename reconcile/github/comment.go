package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// Keeping one comment on a pull request takes more than "find it, else create it, else edit it":
// two runs may be at it at the same time, people edit and delete comments, an answer may get lost
// after the write was done, and GitHub has neither transactions nor compare-and-swap. So nothing
// here is a sequence of steps that hope to succeed. There is one round, look and then act, and it is
// repeated until a look finds what should be there:
//
//	look   all comments of the pull request, every page; ours are those with our marker by our account
//	act    newer run there?           stop, theirs stays
//	       our text there?            tidy up the other ones of ours, and stop
//	       a comment of ours there?   read it once more, edit it, read it again
//	       none                       create one, and look again
//
// A create whose outcome is unknown is thereby settled by the next look; so is one that another run
// did at the same time: both see both comments, both keep the one with the lower number, and the
// newer run's text ends up in it.

// Mode says what becomes of the comment of an earlier run.
type Mode int

// The modes, named after what people know from other tools: "update", "hide-and-new",
// "delete-and-new".
const (
	Update       Mode = iota // it is edited
	HideAndNew               // it is folded as outdated, and a new one written
	DeleteAndNew             // it is deleted, and a new one written
)

// Comment is what should stand on a pull request.
type Comment struct {
	// Target, Config and ID say which of our comments it is; see Mode for what happens to earlier
	// ones. They may hold anything.
	Target, Config, ID string
	// State, PlanHash and Head (a commit) are noted in the comment for programs to read.
	State, PlanHash, Head string
	// Order is the age of this run. A run that is older than the one in the comment changes nothing.
	Order Order
	Mode  Mode
	// Create is false if a comment should be updated but none made.
	Create bool
	// Render draws the text in at most so many bytes, or as near as it can. It is called again with
	// less where GitHub does not take what it drew.
	Render func(budget int) string
}

// What Posted.Did says.
const (
	DidCreate    = "created"
	DidUpdate    = "updated"
	DidNothing   = "unchanged"
	DidNotCreate = "not created"
	NewerThere   = "newer run there"
)

// Posted is what became of a comment.
type Posted struct {
	ID  int64
	URL string
	Did string // one of the Did constants, or NewerThere
	// Warnings are about older comments of ours that could not be tidied up.
	Warnings []string
}

// budgets are the sizes of a whole comment in bytes that are tried one after the other. GitHub says
// 65,536 characters and takes more in places; the first leaves room for what it counts differently.
var budgets = []int{60_000, 40_000, 20_000, 10_000, 5_000}

const (
	maxRounds = 8 // of look and act; two are usual
	maxEdits  = 3 // of one comment in one round; one is usual
	maxMakes  = 2 // comments in one call; the second only if the first was deleted at once
	maxWrites = 4 // tries of what may have been done or not
)

var errNoText = errors.New("a comment needs a Render function")

// Upsert sees to it that the comment stands on the pull request, once, with the newest text.
func (c *Client) Upsert(ctx context.Context, repository string, number int, cm Comment) (Posted, error) {
	s, err := c.session(repository)
	switch {
	case err != nil:
		return Posted{}, err
	case number <= 0:
		return Posted{}, fmt.Errorf("pull request number %d is not above zero", number)
	case cm.Render == nil:
		return Posted{}, errNoText
	}
	u := &upsert{session: s, number: number, want: cm, marker: markerOf(cm.Target, cm.Config, cm.ID)}
	u.posted.Did = DidNothing
	u.draw()
	for range maxRounds {
		if settled, err := u.round(ctx); settled || err != nil {
			return u.posted, err
		}
	}
	return u.posted, fmt.Errorf("the comment on %s#%d did not settle in %d rounds: another job writes it all the time", repository, number, maxRounds)
}

// upsert is one call of Upsert.
type upsert struct {
	*session
	number   int
	want     Comment
	marker   string
	level    int    // in budgets
	body     string // what should stand there
	posted   Posted
	tried    string // what the last write would have done
	accepted bool   // GitHub took a write, so that a comment with our order is ours however it stored the text
	created  int64  // the comment that we made
	makes    int    // comments made
	failed   int    // writes that were not answered with success
}

// found is a comment of ours.
type found struct {
	id        int64
	node, url string
	body      string
	order     Order
}

// draw makes the comment for the present budget.
func (u *upsert) draw() {
	m := meta{
		State: u.want.State, PlanHash: u.want.PlanHash, Head: u.want.Head,
		Seq: u.want.Order.Seq, Run: u.want.Order.Run, Attempt: u.want.Order.Attempt,
	}
	budget := budgets[u.level] - len(compose(u.marker, "", m))
	u.body = compose(u.marker, u.want.Render(max(budget, 0)), m)
}

// round looks and acts once; settled means that there is nothing left to do.
func (u *upsert) round(ctx context.Context) (settled bool, err error) {
	mine, err := u.look(ctx)
	if err != nil {
		return false, err
	}
	if len(mine) == 0 {
		if !u.want.Create {
			u.posted.Did = DidNotCreate
			return true, nil
		}
		return false, u.create(ctx)
	}
	newest := slices.MaxFunc(mine, func(a, b found) int { return a.order.compare(b.order) })
	switch {
	case newest.order.compare(u.want.Order) > 0:
		u.yield(ctx, newest, mine)
	case u.want.Mode == Update:
		return u.update(ctx, mine)
	default:
		return u.replace(ctx, mine)
	}
	return true, nil
}

// replace makes a new comment, or tidies up the other ones once it is there. One of the same run that
// says something else ("planned", and now it is "applied") is replaced like any other.
func (u *upsert) replace(ctx context.Context, mine []found) (settled bool, err error) {
	i := slices.IndexFunc(mine, func(f found) bool { return sameText(f.body, u.body) })
	if i < 0 {
		i = slices.IndexFunc(mine, func(f found) bool { return f.id == u.created })
	}
	if i < 0 {
		return false, u.create(ctx)
	}
	u.settle(mine[i])
	u.tidy(ctx, mine[i], mine)
	return true, nil
}

// same reports whether a comment says what it should.
func (u *upsert) same(f found) bool {
	return sameText(f.body, u.body) || u.accepted && f.order.compare(u.want.Order) == 0
}

// settle notes the comment that stays.
func (u *upsert) settle(f found) {
	u.posted.ID, u.posted.URL = f.id, f.url
	if u.tried != "" {
		u.posted.Did = u.tried
	}
}

// yield leaves the comment of a newer run, and folds the one that we may just have made. Not if it is
// the first of several in the mode Update: that is the one which the newer run is going to edit.
func (u *upsert) yield(ctx context.Context, newest found, mine []found) {
	u.posted.ID, u.posted.URL, u.posted.Did = newest.id, newest.url, NewerThere
	if u.want.Mode == Update {
		mine = mine[1:]
	}
	u.fold(ctx, u.ownOf(mine), duplicate)
}

// ownOf returns what this run made: its age tells where a create was not answered.
func (u *upsert) ownOf(fs []found) []found {
	return slices.DeleteFunc(slices.Clone(fs), func(f found) bool {
		return f.id != u.created && f.order.compare(u.want.Order) != 0
	})
}

// update edits the first of our comments until it is right, and folds the others.
func (u *upsert) update(ctx context.Context, mine []found) (settled bool, err error) {
	shown := u.shown(ctx, mine)
	if len(shown) == 0 {
		shown = mine[:1]
	}
	if u.same(shown[0]) {
		u.settle(shown[0])
	} else if settled, err := u.edit(ctx, shown[0].id); !settled || err != nil {
		return false, err
	}
	others := shown[1:]
	if u.posted.Did == NewerThere { // and with it the care for them
		others = u.ownOf(others)
	}
	u.fold(ctx, others, duplicate)
	return true, nil
}

// edit reads the comment, and writes and reads again until it is right or a newer run's. It is not
// settled if the comment is gone or no longer ours.
func (u *upsert) edit(ctx context.Context, id int64) (settled bool, err error) {
	for range maxEdits {
		now, ok, err := u.get(ctx, id)
		switch {
		case err != nil || !ok:
			return false, err
		case now.order.compare(u.want.Order) > 0:
			u.posted.ID, u.posted.URL, u.posted.Did = now.id, now.url, NewerThere
			return true, nil
		case u.same(now):
			u.settle(now)
			return true, nil
		}
		if err := u.patch(ctx, id); err != nil {
			return false, u.afterWrite(ctx, err)
		}
	}
	return false, nil
}

func (u *upsert) patch(ctx context.Context, id int64) error {
	u.try(DidUpdate)
	_, _, err := u.rest.Issues.EditComment(ctx, u.owner, u.repo, id, &github.IssueComment{Body: &u.body})
	u.accepted = u.accepted || err == nil
	return err
}

// try notes what a write is about to do. A comment that we made stays one that we made.
func (u *upsert) try(did string) {
	if u.created == 0 {
		u.tried = did
	}
}

// create makes a comment. Whether another run did the same shows the next look.
func (u *upsert) create(ctx context.Context) error {
	if u.makes == maxMakes {
		return fmt.Errorf("the comment on %s#%d is gone again each time that it was made: another job removes it", u.repository, u.number)
	}
	u.try(DidCreate)
	made, _, err := u.rest.Issues.CreateComment(ctx, u.owner, u.repo, u.number, &github.IssueComment{Body: &u.body})
	if err != nil {
		return u.afterWrite(ctx, err)
	}
	u.created, u.accepted = made.GetID(), true
	u.makes++
	u.meet(made.GetUser())
	return nil
}

// meet takes the author of a comment that we just made for who we are: there is no surer sign.
func (u *upsert) meet(author *github.User) {
	if author.GetLogin() == "" || u.self.wrote(author) {
		return
	}
	if u.self.known() {
		u.posted.Warnings = append(u.posted.Warnings, fmt.Sprintf(
			"the token writes as %s and not as %s: name the former, or later runs do not find their comment",
			quote(author.GetLogin()), quote(u.self.login)))
	}
	u.self = account{login: author.GetLogin(), id: author.GetID(), asked: true}
}

// afterWrite decides about a write that was not answered with success: nil means look again.
func (u *upsert) afterWrite(ctx context.Context, err error) error {
	if rejected, ok := errors.AsType[*RejectedError](err); ok && rejected.TooLong && u.level+1 < len(budgets) {
		u.level++
		u.draw()
		return nil
	}
	u.failed++
	if u.failed == maxWrites {
		return u.plain(err)
	}
	if gone, ok := errors.AsType[*GoneError](err); ok && gone.Method == http.MethodPatch {
		return nil // deleted since we looked
	}
	if err := u.pause(ctx, err, u.failed); err != nil {
		return u.plain(err)
	}
	return nil
}
