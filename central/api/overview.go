package api

import "time"

// Overview is how everything stands, as of At.
type Overview struct {
	At           time.Time     `json:"at"`
	Started      time.Time     `json:"started" doc:"When this process started; counts that say so begin there."`
	Alarms       []string      `json:"alarms" doc:"What needs a person, in words."`
	Decisions    Rate          `json:"decisions"`
	Outcomes     Rate          `json:"outcomes"`
	Release      *Release      `json:"release,omitempty" doc:"The newest; absent before the first."`
	Folder       *Release      `json:"folder,omitempty" doc:"The newest that is no refresh: the folder in force."`
	Refresh      Refresh       `json:"refresh"`
	Slots        []Slot        `json:"slots" doc:"Reward by arm of each slot that has an experiment."`
	Agents       []Agent       `json:"agents"`
	Counts       Counts        `json:"counts"`
	Measurements []Measurement `json:"measurements"`
}

// Rate is how many records of a kind came into the ledger.
type Rate struct {
	PerSecond float64 `json:"perSecond" doc:"Over the last half minute."`
	Total     int64   `json:"total" doc:"Since this process started."`
}

// Refresh is how automatic refreshes of the models stand.
type Refresh struct {
	EverySeconds float64    `json:"everySeconds"`
	Last         *time.Time `json:"last,omitempty" doc:"When the last one was published by this process."`
	Waits        string     `json:"waits,omitempty" doc:"Why there is none now, in words."`
}

// Slot is what a slot's experiment has shown so far.
type Slot struct {
	ID          string  `json:"id"`
	Experiment  string  `json:"experiment"`
	Arms        []Arm   `json:"arms"`
	SampleRatio float64 `json:"sampleRatio" doc:"p-value, valid at any time, of the arms getting the shares they were meant to get."`
	History     []Point `json:"history" doc:"What the arms looked like before, since this process started."`
}

// Arm is one way of an experiment. Low and High bound its mean with 95 %
// confidence, however often one looks.
type Arm struct {
	ID        string   `json:"id"`
	Policy    string   `json:"policy" enum:"learned,fixed,uniform"`
	Share     float64  `json:"share" doc:"As declared."`
	Decisions int64    `json:"decisions" doc:"Finished: no outcome of them can come any more."`
	Mean      float64  `json:"mean" doc:"Reward of a decision."`
	Low       *float64 `json:"low,omitempty" doc:"Absent before the first decision."`
	High      *float64 `json:"high,omitempty"`
}

// Point is the arms of a slot at one time, in their order.
type Point struct {
	At   time.Time `json:"at"`
	Arms []Arm     `json:"arms"`
}

// Agent is one node of the fleet, by its own account and by what came of it.
type Agent struct {
	Name       string    `json:"name"`
	Site       string    `json:"site"`
	Standing   string    `json:"standing" enum:"in scope,silent,revoked" doc:"Sites don't wait for who is silent or revoked."`
	EnrolledAt time.Time `json:"enrolledAt"`
	HeardAt    time.Time `json:"heardAt" doc:"Last sign of life."`
	Status     *Status   `json:"status,omitempty" doc:"Absent until the agent has sent one."`
	Log        *Log      `json:"log,omitempty" doc:"Absent until something of its log is in the ledger."`
	Gap        *Gap      `json:"gap,omitempty" doc:"A hole in its log that keeps later records waiting."`
}

// Status is what an agent last said of itself. Ages are as of then.
type Status struct {
	At           time.Time         `json:"at" doc:"The agent's clock."`
	Release      uint64            `json:"release" doc:"Counter; 0 is none."`
	Provisional  bool              `json:"provisional"`
	Refused      string            `json:"refused,omitempty" doc:"Why it refused the last release that it was offered."`
	ModelAge     *float64          `json:"modelAgeSeconds,omitempty"`
	CatalogueAge *float64          `json:"catalogueAgeSeconds,omitempty"`
	ConsentAge   *float64          `json:"consentAgeSeconds,omitempty"`
	HubAge       *float64          `json:"hubAgeSeconds,omitempty" doc:"Since it last heard from the hub."`
	Decisions    uint64            `json:"decisions"`
	LogRecords   uint64            `json:"logRecords"`
	LogBytes     uint64            `json:"logBytes"`
	Unconfirmed  uint64            `json:"unconfirmed" doc:"Records that are not in the ledger yet, as far as it knows."`
	Dropped      map[string]uint64 `json:"dropped,omitempty" doc:"By class."`
	ClockSeconds float64           `json:"clockSeconds" doc:"How far its clock is ahead of central's."`
	Alarms       []string          `json:"alarms,omitempty" doc:"What needs a person there, in words."`
}

// Log is how far an agent's present log is in the ledger.
type Log struct {
	Epoch     string    `json:"epoch"`
	Committed uint64    `json:"committed" doc:"Its last sequence in the ledger."`
	At        time.Time `json:"at" doc:"Node time of that record."`
	Received  time.Time `json:"received" doc:"When it came."`
}

// Gap is a hole in a log.
type Gap struct {
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	Since time.Time `json:"since"`
}

// Counts are what became of what came.
type Counts struct {
	Ingest   IngestCounts   `json:"ingest" doc:"Since this process started."`
	Training TrainingCounts `json:"training" doc:"Since the first record of the ledger, or since slots or columns last changed."`
}

// IngestCounts are about records on their way into the ledger.
type IngestCounts struct {
	Segments   int64 `json:"segments"`
	Repeated   int64 `json:"repeated" doc:"Segments that were in the ledger already."`
	Records    int64 `json:"records"`
	Duplicates int64 `json:"duplicates" doc:"Outcomes that counted already."`
	Unmatched  int64 `json:"unmatched" doc:"Outcomes whose agent knew no decision for them."`
	Unreadable int64 `json:"unreadable" doc:"Records that nobody here can read; they are kept."`
	Dead       int64 `json:"dead" doc:"Segments that were refused; they lie in the dead folder."`
}

// TrainingCounts are about decisions, outcomes and what was learned from them.
type TrainingCounts struct {
	LedgerFile int64 `json:"ledgerFile" doc:"The last one learned from."`
	Pending    int   `json:"pending" doc:"Decisions that wait for outcomes."`
	Orphans    int   `json:"orphans" doc:"Outcomes that wait for their decision."`
	Decisions  int64 `json:"decisions" doc:"Finished."`
	Learned    int64 `json:"learned" doc:"Shown items that changed a model."`
	Joined     int64 `json:"joined" doc:"Outcomes that counted."`
	Late       int64 `json:"late" doc:"Outcomes after their decision's wait."`
	Expired    int64 `json:"expired" doc:"Outcomes whose decision never came, or was finished before they did."`
	NotShown   int64 `json:"notShown" doc:"Outcomes of items that their decision did not show."`
	Inactive   int64 `json:"inactive" doc:"Deferred decisions that were never activated."`
	Otherwise  int64 `json:"otherwise" doc:"Decisions of other slots or columns than the release has, or there twice."`
	Apart      int64 `json:"apart" doc:"Decisions by features of a person that stay on the node, for want of model_training: no model learns from them."`
	NoCost     int64 `json:"noCost" doc:"Rows without a cost in a slot rewarded by margin."`
	Unreadable int64 `json:"unreadable"`
}

// Told is what somebody outside measured: a shop's own check of its shelves, for
// instance. Central shows it beside its own numbers and learns nothing from it.
type Told struct {
	Title  string    `json:"title" minLength:"1" maxLength:"120"`
	Unit   string    `json:"unit,omitempty" maxLength:"60"`
	Source string    `json:"source" minLength:"1" maxLength:"120" doc:"Who measured it."`
	Values []Reading `json:"values" minItems:"1" maxItems:"12"`
}

// Measurement is what was told last under a name.
type Measurement struct {
	Told
	Name string    `json:"name"`
	At   time.Time `json:"at" doc:"When it was told."`
}

// Reading is one number of a measurement.
type Reading struct {
	Label string  `json:"label" minLength:"1" maxLength:"60"`
	Value float64 `json:"value"`
}

// Release is one that was proposed or published.
type Release struct {
	ID        string     `json:"id"`
	Counter   uint64     `json:"counter,omitempty" doc:"Absent of a check. A proposal that others overtake is published under another."`
	Kind      string     `json:"kind" enum:"full,refresh,rollback"`
	Published bool       `json:"published"`
	CreatedAt time.Time  `json:"createdAt"`
	Note      string     `json:"note,omitempty"`
	Artifacts []Artifact `json:"artifacts,omitempty"`
	Models    []Lineage  `json:"models,omitempty"`
	Agents    []string   `json:"agents,omitempty" doc:"Who last said to run it."`
	Looks     []Look     `json:"looks,omitempty" doc:"Of a check every feature, of a proposal those that the folder in force does not have so: what models may look at."`
}

// Look is a feature that models may look at.
type Look struct {
	Feature string `json:"feature"`
	Source  string `json:"source"`
	Purpose string `json:"purpose,omitempty" doc:"What persons must grant for it; absent: it is of no person."`
	Was     string `json:"was,omitempty" doc:"The source and purpose that it has in the folder in force."`
}

// Artifact is one thing that a release names.
type Artifact struct {
	Name   string `json:"name"`
	Digest string `json:"digest" doc:"SHA-256 in hexadecimal."`
	Size   uint64 `json:"size" doc:"Bytes."`
}

// Lineage is what a model was learned from.
type Lineage struct {
	Model     string `json:"model"`
	LastFile  int64  `json:"lastFile" doc:"It knows the ledger up to this file; 0: it was learned from nothing."`
	Decisions int64  `json:"decisions" doc:"Finished up to there, of all slots."`
	Rows      int64  `json:"rows" doc:"Shown items learned from up to there, by all models."`
}

// Entry is one line of the audit trail.
type Entry struct {
	Seq     uint64    `json:"seq"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Detail  string    `json:"detail,omitempty"`
}
