"""What the inbox's interface says and hears, as JSON: the one description that code, OpenAPI document and pages share.

Rules. Every field is always present in an answer, so a page never asks whether one is missing. Times are ms since the epoch,
0 = none. Ids are opaque. `position` of a list or message is `<epoch>:<seq>`, the last log entry that it reflects; applying each
message of the live socket to a list fetched before gives the list a fresh fetch would give (Zulip's rule). A row says itself
which `views` hold it for the librarian who asked, so that no page has to know the rules of visibility.
Requests refuse unknown fields: a misspelt one is an error, not a silence.
"""

from __future__ import annotations

from bridge.inbox.schema.board import (
    AnnounceAsked as AnnounceAsked,
)
from bridge.inbox.schema.board import (
    Board as Board,
)
from bridge.inbox.schema.board import (
    BoardDeed as BoardDeed,
)
from bridge.inbox.schema.board import (
    BoardDeeds as BoardDeeds,
)
from bridge.inbox.schema.board import (
    BoardNotice as BoardNotice,
)
from bridge.inbox.schema.board import (
    BoardPerson as BoardPerson,
)
from bridge.inbox.schema.board import (
    BoardQueue as BoardQueue,
)
from bridge.inbox.schema.board import (
    BoardTier as BoardTier,
)
from bridge.inbox.schema.board import (
    GiveAsked as GiveAsked,
)
from bridge.inbox.schema.board import (
    Holdings as Holdings,
)
from bridge.inbox.schema.board import (
    PlaceAsked as PlaceAsked,
)
from bridge.inbox.schema.board import (
    QueueAsked as QueueAsked,
)
from bridge.inbox.schema.colleagues import (
    MEMBERS as MEMBERS,
)
from bridge.inbox.schema.colleagues import (
    MESSAGE as MESSAGE,
)
from bridge.inbox.schema.colleagues import (
    ColleagueChanges as ColleagueChanges,
)
from bridge.inbox.schema.colleagues import (
    Colleagues as Colleagues,
)
from bridge.inbox.schema.colleagues import (
    MembersAsked as MembersAsked,
)
from bridge.inbox.schema.colleagues import (
    MessageAsked as MessageAsked,
)
from bridge.inbox.schema.colleagues import (
    MessageView as MessageView,
)
from bridge.inbox.schema.colleagues import (
    RoomAsked as RoomAsked,
)
from bridge.inbox.schema.colleagues import (
    RoomMessages as RoomMessages,
)
from bridge.inbox.schema.colleagues import (
    RoomView as RoomView,
)
from bridge.inbox.schema.conversation import (
    Acted as Acted,
)
from bridge.inbox.schema.conversation import (
    Address as Address,
)
from bridge.inbox.schema.conversation import (
    CallWindow as CallWindow,
)
from bridge.inbox.schema.conversation import (
    ClosingCode as ClosingCode,
)
from bridge.inbox.schema.conversation import (
    ConversationView as ConversationView,
)
from bridge.inbox.schema.conversation import (
    Draft as Draft,
)
from bridge.inbox.schema.conversation import (
    DraftClash as DraftClash,
)
from bridge.inbox.schema.conversation import (
    Drafts as Drafts,
)
from bridge.inbox.schema.conversation import (
    Earlier as Earlier,
)
from bridge.inbox.schema.conversation import (
    File as File,
)
from bridge.inbox.schema.conversation import (
    FollowUp as FollowUp,
)
from bridge.inbox.schema.conversation import (
    FollowUpCounts as FollowUpCounts,
)
from bridge.inbox.schema.conversation import (
    FollowUps as FollowUps,
)
from bridge.inbox.schema.conversation import (
    FormAnswerView as FormAnswerView,
)
from bridge.inbox.schema.conversation import (
    Line as Line,
)
from bridge.inbox.schema.conversation import (
    LinePage as LinePage,
)
from bridge.inbox.schema.conversation import (
    OtherRecipient as OtherRecipient,
)
from bridge.inbox.schema.conversation import (
    Patron as Patron,
)
from bridge.inbox.schema.conversation import (
    Policy as Policy,
)
from bridge.inbox.schema.conversation import (
    ScriptView as ScriptView,
)
from bridge.inbox.schema.conversation import (
    Uploaded as Uploaded,
)
from bridge.inbox.schema.conversation import (
    Viewer as Viewer,
)
from bridge.inbox.schema.hours import (
    CalendarRead as CalendarRead,
)
from bridge.inbox.schema.hours import (
    DayView as DayView,
)
from bridge.inbox.schema.hours import (
    HoursAsked as HoursAsked,
)
from bridge.inbox.schema.hours import (
    HoursPreview as HoursPreview,
)
from bridge.inbox.schema.hours import (
    UploadedHours as UploadedHours,
)
from bridge.inbox.schema.lists import (
    CallView as CallView,
)
from bridge.inbox.schema.lists import (
    Companion as Companion,
)
from bridge.inbox.schema.lists import (
    ConsultView as ConsultView,
)
from bridge.inbox.schema.lists import (
    Row as Row,
)
from bridge.inbox.schema.lists import (
    Rows as Rows,
)
from bridge.inbox.schema.lists import (
    SnoozeView as SnoozeView,
)
from bridge.inbox.schema.lists import (
    TransferView as TransferView,
)
from bridge.inbox.schema.live_messages import (
    BoardTold as BoardTold,
)
from bridge.inbox.schema.live_messages import (
    ColleaguesTold as ColleaguesTold,
)
from bridge.inbox.schema.live_messages import (
    ConsultTold as ConsultTold,
)
from bridge.inbox.schema.live_messages import (
    DeskTold as DeskTold,
)
from bridge.inbox.schema.live_messages import (
    Down as Down,
)
from bridge.inbox.schema.live_messages import (
    FollowUpsTold as FollowUpsTold,
)
from bridge.inbox.schema.live_messages import (
    Hello as Hello,
)
from bridge.inbox.schema.live_messages import (
    LibraryHours as LibraryHours,
)
from bridge.inbox.schema.live_messages import (
    LinesTold as LinesTold,
)
from bridge.inbox.schema.live_messages import (
    MentionTold as MentionTold,
)
from bridge.inbox.schema.live_messages import (
    MeTold as MeTold,
)
from bridge.inbox.schema.live_messages import (
    OrganisationTold as OrganisationTold,
)
from bridge.inbox.schema.live_messages import (
    Ping as Ping,
)
from bridge.inbox.schema.live_messages import (
    Polled as Polled,
)
from bridge.inbox.schema.live_messages import (
    PresenceView as PresenceView,
)
from bridge.inbox.schema.live_messages import (
    QueueNow as QueueNow,
)
from bridge.inbox.schema.live_messages import (
    Reset as Reset,
)
from bridge.inbox.schema.live_messages import (
    RowsTold as RowsTold,
)
from bridge.inbox.schema.live_messages import (
    ServerMessage as ServerMessage,
)
from bridge.inbox.schema.live_messages import (
    SignalTold as SignalTold,
)
from bridge.inbox.schema.live_messages import (
    SignedOut as SignedOut,
)
from bridge.inbox.schema.live_messages import (
    Told as Told,
)
from bridge.inbox.schema.live_messages import (
    Up as Up,
)
from bridge.inbox.schema.notices import (
    PushAsked as PushAsked,
)
from bridge.inbox.schema.notices import (
    PushEnded as PushEnded,
)
from bridge.inbox.schema.notices import (
    PushView as PushView,
)
from bridge.inbox.schema.notices import (
    QuietHoursView as QuietHoursView,
)
from bridge.inbox.schema.notices import (
    TeamWebhookAsked as TeamWebhookAsked,
)
from bridge.inbox.schema.notices import (
    TeamWebhookView as TeamWebhookView,
)
from bridge.inbox.schema.operations import (
    ChannelNow as ChannelNow,
)
from bridge.inbox.schema.operations import (
    FollowerView as FollowerView,
)
from bridge.inbox.schema.operations import (
    KeptView as KeptView,
)
from bridge.inbox.schema.operations import (
    LeaseView as LeaseView,
)
from bridge.inbox.schema.operations import (
    LetterView as LetterView,
)
from bridge.inbox.schema.operations import (
    Operations as Operations,
)
from bridge.inbox.schema.operations import (
    PartView as PartView,
)
from bridge.inbox.schema.operations import (
    ProcessView as ProcessView,
)
from bridge.inbox.schema.operations import (
    StreamView as StreamView,
)
from bridge.inbox.schema.organisation import (
    CarrierView as CarrierView,
)
from bridge.inbox.schema.organisation import (
    ChannelView as ChannelView,
)
from bridge.inbox.schema.organisation import (
    CodeView as CodeView,
)
from bridge.inbox.schema.organisation import (
    FieldFaultView as FieldFaultView,
)
from bridge.inbox.schema.organisation import (
    LeaverView as LeaverView,
)
from bridge.inbox.schema.organisation import (
    LibraryChoices as LibraryChoices,
)
from bridge.inbox.schema.organisation import (
    LibraryDocument as LibraryDocument,
)
from bridge.inbox.schema.organisation import (
    LibraryFaults as LibraryFaults,
)
from bridge.inbox.schema.organisation import (
    LibraryPromises as LibraryPromises,
)
from bridge.inbox.schema.organisation import (
    LibraryView as LibraryView,
)
from bridge.inbox.schema.organisation import (
    OneTimeCode as OneTimeCode,
)
from bridge.inbox.schema.organisation import (
    Organisation as Organisation,
)
from bridge.inbox.schema.organisation import (
    People as People,
)
from bridge.inbox.schema.organisation import (
    PersonalScript as PersonalScript,
)
from bridge.inbox.schema.organisation import (
    PersonalScriptList as PersonalScriptList,
)
from bridge.inbox.schema.organisation import (
    PersonalScriptsAsked as PersonalScriptsAsked,
)
from bridge.inbox.schema.organisation import (
    PromiseView as PromiseView,
)
from bridge.inbox.schema.organisation import (
    QueueChoice as QueueChoice,
)
from bridge.inbox.schema.organisation import (
    QueueView as QueueView,
)
from bridge.inbox.schema.organisation import (
    Saved as Saved,
)
from bridge.inbox.schema.organisation import (
    SentenceView as SentenceView,
)
from bridge.inbox.schema.organisation import (
    StaffChangeView as StaffChangeView,
)
from bridge.inbox.schema.organisation import (
    TeamView as TeamView,
)
from bridge.inbox.schema.page_messages import (
    ClientMessage as ClientMessage,
)
from bridge.inbox.schema.page_messages import (
    LeaveBoard as LeaveBoard,
)
from bridge.inbox.schema.page_messages import (
    Looking as Looking,
)
from bridge.inbox.schema.page_messages import (
    PageFrame as PageFrame,
)
from bridge.inbox.schema.page_messages import (
    Paused as Paused,
)
from bridge.inbox.schema.page_messages import (
    Pong as Pong,
)
from bridge.inbox.schema.page_messages import (
    Typing as Typing,
)
from bridge.inbox.schema.page_messages import (
    Unwatch as Unwatch,
)
from bridge.inbox.schema.page_messages import (
    Watch as Watch,
)
from bridge.inbox.schema.page_messages import (
    WatchBoard as WatchBoard,
)
from bridge.inbox.schema.partners import (
    InvitationAccepted as InvitationAccepted,
)
from bridge.inbox.schema.partners import (
    InvitationAsked as InvitationAsked,
)
from bridge.inbox.schema.partners import (
    PartnerChannelView as PartnerChannelView,
)
from bridge.inbox.schema.partners import (
    PartnerInvitation as PartnerInvitation,
)
from bridge.inbox.schema.partners import (
    PartnerList as PartnerList,
)
from bridge.inbox.schema.partners import (
    PartnerView as PartnerView,
)
from bridge.inbox.schema.people import (
    Availability as Availability,
)
from bridge.inbox.schema.people import (
    Desk as Desk,
)
from bridge.inbox.schema.people import (
    Me as Me,
)
from bridge.inbox.schema.people import (
    Person as Person,
)
from bridge.inbox.schema.people import (
    StaffNotice as StaffNotice,
)
from bridge.inbox.schema.problems import (
    Clash as Clash,
)
from bridge.inbox.schema.problems import (
    Pending as Pending,
)
from bridge.inbox.schema.problems import (
    Problem as Problem,
)
from bridge.inbox.schema.requests import (
    BlockAsked as BlockAsked,
)
from bridge.inbox.schema.requests import (
    CallAsked as CallAsked,
)
from bridge.inbox.schema.requests import (
    CallNamed as CallNamed,
)
from bridge.inbox.schema.requests import (
    CallSetAsked as CallSetAsked,
)
from bridge.inbox.schema.requests import (
    CloseAsked as CloseAsked,
)
from bridge.inbox.schema.requests import (
    ConsultAsked as ConsultAsked,
)
from bridge.inbox.schema.requests import (
    ConsultEndAsked as ConsultEndAsked,
)
from bridge.inbox.schema.requests import (
    DraftAsked as DraftAsked,
)
from bridge.inbox.schema.requests import (
    FollowUpAsked as FollowUpAsked,
)
from bridge.inbox.schema.requests import (
    IdentifyAsked as IdentifyAsked,
)
from bridge.inbox.schema.requests import (
    LanguageChoice as LanguageChoice,
)
from bridge.inbox.schema.requests import (
    Login as Login,
)
from bridge.inbox.schema.requests import (
    MergeAsked as MergeAsked,
)
from bridge.inbox.schema.requests import (
    NoteAsked as NoteAsked,
)
from bridge.inbox.schema.requests import (
    PasswordChange as PasswordChange,
)
from bridge.inbox.schema.requests import (
    PlanAsked as PlanAsked,
)
from bridge.inbox.schema.requests import (
    PresenceAsked as PresenceAsked,
)
from bridge.inbox.schema.requests import (
    ReadAsked as ReadAsked,
)
from bridge.inbox.schema.requests import (
    RecodeAsked as RecodeAsked,
)
from bridge.inbox.schema.requests import (
    ReleaseAsked as ReleaseAsked,
)
from bridge.inbox.schema.requests import (
    SayAsked as SayAsked,
)
from bridge.inbox.schema.requests import (
    SnoozeAsked as SnoozeAsked,
)
from bridge.inbox.schema.requests import (
    TransferAsked as TransferAsked,
)
from bridge.inbox.schema.search import (
    Fragment as Fragment,
)
from bridge.inbox.schema.search import (
    Hit as Hit,
)
from bridge.inbox.schema.search import (
    Hits as Hits,
)
from bridge.inbox.schema.search import (
    Match as Match,
)
from bridge.inbox.schema.search import (
    SavedSearchList as SavedSearchList,
)
from bridge.inbox.schema.search import (
    SavedSearchView as SavedSearchView,
)
from bridge.inbox.schema.search import (
    SaveSearchAsked as SaveSearchAsked,
)
from bridge.inbox.schema.search import (
    SearchFault as SearchFault,
)
from bridge.inbox.schema.types import (
    Asked as Asked,
)
from bridge.inbox.schema.types import (
    ConversationState as ConversationState,
)
from bridge.inbox.schema.types import (
    Identifier as Identifier,
)
from bridge.inbox.schema.types import (
    Moment as Moment,
)
from bridge.inbox.schema.types import (
    Name as Name,
)
from bridge.inbox.schema.types import (
    Shown as Shown,
)
from bridge.inbox.schema.types import (
    Ticket as Ticket,
)
from bridge.inbox.schema.types import (
    View as View,
)
from bridge.inbox.schema.types import (
    Who as Who,
)
from bridge.inbox.schema.types import (
    Words as Words,
)
from bridge.inbox.schema.writing_first import (
    BeginAsked as BeginAsked,
)
from bridge.inbox.schema.writing_first import (
    BeginChannel as BeginChannel,
)
from bridge.inbox.schema.writing_first import (
    BeginChoices as BeginChoices,
)
from bridge.inbox.schema.writing_first import (
    ForwardAsked as ForwardAsked,
)
