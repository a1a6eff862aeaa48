//! What the hostile guest can do, and in which calls. The guest and the tests share this file, and the tests match over
//! [`Case`] without a wildcard: a case without an expectation does not compile.

/// A call of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// When the plugin is loaded.
    Describe,
    /// When a step is opened.
    Open,
    /// A batch of the step `act`.
    Process,
    /// The answer of the global step `gather`.
    Finish,
}

impl Phase {
    /// As a parameter says it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Open => "open",
            Self::Process => "process",
            Self::Finish => "finish",
        }
    }
}

/// Where a test finds the case that the guest is to be in `describe`, which has no parameters: it writes the name over the
/// spaces.
pub(crate) const MARKER: &[u8; 64] = b"HOSTILE-CASE:                                                   ";

/// How much of it stands before the name.
pub(crate) const MARKED: usize = 13;

macro_rules! cases {
    ($($case:ident $name:literal: $($phase:ident)+;)+) => {
        /// One hostile behaviour.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Case {
            $(
                #[doc = $name]
                $case,
            )+
        }

        impl Case {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$case,)+];

            /// As a parameter says it.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$case => $name,)+
                }
            }

            /// The calls in which it can be.
            pub(crate) const fn phases(self) -> &'static [Phase] {
                match self {
                    $(Self::$case => &[$(Phase::$phase,)+],)+
                }
            }
        }
    };
}

cases! {
    // What any call may do.
    Loop "loop": Describe Open Process Finish;
    LoopAllocating "loop-allocating": Describe Open Process Finish;
    Panic "panic": Describe Open Process Finish;
    Abort "abort": Describe Open Process Finish;
    Exit "exit": Describe Open Process Finish;
    StackOverflow "stack-overflow": Describe Open Process Finish;
    SpawnThread "spawn-thread": Describe Open Process Finish;
    Allocate "allocate": Describe Open Process Finish;
    TryAllocate "try-allocate": Describe Open Process Finish;
    Hoard "hoard": Describe Open Process Finish;
    LongLastWords "long-last-words": Describe Open Process Finish;
    HugeLastWords "huge-last-words": Describe Open Process Finish;
    ControlLastWords "control-last-words": Describe Open Process Finish;
    LastWordsFlood "last-words-flood": Describe Open Process Finish;
    LastWordsForever "last-words-forever": Describe Open Process Finish;
    LieThenTrap "lie-then-trap": Describe Open Process Finish;

    // What only `describe` can say.
    NoSteps "no-steps": Describe;
    ManySteps "many-steps": Describe;
    SameStepTwice "same-step-twice": Describe;
    NamelessStep "nameless-step": Describe;
    LongStepName "long-step-name": Describe;
    StepNameIsPath "step-name-is-path": Describe;
    LongSummary "long-summary": Describe;
    ControlSummary "control-summary": Describe;
    ParamsNoJson "params-no-json": Describe;
    ParamsNoObject "params-no-object": Describe;
    ParamsDeep "params-deep": Describe;
    ParamsLong "params-long": Describe;
    ManyColumns "many-columns": Describe;
    LongColumnName "long-column-name": Describe;
    SameColumnTwice "same-column-twice": Describe;
    NamelessColumn "nameless-column": Describe;
    ControlColumnName "control-column-name": Describe;
    ColumnOfNoType "column-of-no-type": Describe;
    ColumnOfManyTypes "column-of-many-types": Describe;
    HugeManifest "huge-manifest": Describe;

    // What a fault can say.
    LongFault "long-fault": Open Process Finish;
    HugeFault "huge-fault": Open Process Finish;
    ControlFault "control-fault": Open Process Finish;
    NestedFault "nested-fault": Open Process Finish;
    ParamsFaultLate "params-fault-late": Process Finish;

    // What only a signature can say.
    SignTwice "sign-twice": Open;
    SignNameless "sign-nameless": Open;
    SignUnknownInput "sign-unknown-input": Open;
    SignInputTwice "sign-input-twice": Open;
    SignBadType "sign-bad-type": Open;
    SignDeepType "sign-deep-type": Open;
    SignWideType "sign-wide-type": Open;
    SignBadDecimal "sign-bad-decimal": Open;
    SignBadTimeZone "sign-bad-time-zone": Open;
    SignNegativeSize "sign-negative-size": Open;
    SignManyOutputs "sign-many-outputs": Open;
    SignManyInputs "sign-many-inputs": Open;
    SignLongName "sign-long-name": Open;
    SignHiddenName "sign-hidden-name": Open;
    SignUnknownKey "sign-unknown-key": Open;
    SignKeyTwice "sign-key-twice": Open;
    SignHuge "sign-huge": Open;

    // What an array can lie about.
    ShortOffsets "short-offsets": Process Finish;
    LongOffsets "long-offsets": Process Finish;
    FallingOffsets "falling-offsets": Process Finish;
    OffsetPastEnd "offset-past-end": Process Finish;
    NegativeOffset "negative-offset": Process Finish;
    BadUtf8 "bad-utf8": Process Finish;
    SplitCharacter "split-character": Process Finish;
    NoValidity "no-validity": Process Finish;
    ShortBitmap "short-bitmap": Process Finish;
    WrongNullCount "wrong-null-count": Process Finish;
    NullWhereNever "null-where-never": Process Finish;
    NoBuffers "no-buffers": Process Finish;
    ManyBuffers "many-buffers": Process Finish;
    NoArrays "no-arrays": Process Finish;
    TwoArrays "two-arrays": Process Finish;
    ManyArrays "many-arrays": Process Finish;
    ShortArray "short-array": Process Finish;
    WrongType "wrong-type": Process Finish;
    HugeOutput "huge-output": Process Finish;
    ListFallingOffsets "list-falling-offsets": Process;
    ListShortChild "list-short-child": Process;
    ListWithoutChild "list-without-child": Process;
    StructShortMember "struct-short-member": Process;
    FixedListShort "fixed-list-short": Process;
    FixedListOverflow "fixed-list-overflow": Process;
    ZeroWidth "zero-width": Open;
    ViewPastEnd "view-past-end": Process;
    ViewOfNoBuffer "view-of-no-buffer": Process;
    ViewWrongPrefix "view-wrong-prefix": Process;
    DictionaryPastEnd "dictionary-past-end": Process;
    DictionaryNegative "dictionary-negative": Process;
    DecimalTooWide "decimal-too-wide": Process;
    UnfoldingNulls "unfolding-nulls": Process;
    UnfoldingStructs "unfolding-structs": Process;
    UnfoldingViews "unfolding-views": Process;
    UnfoldingDictionary "unfolding-dictionary": Process;

    // What an output can lie about.
    TooFewRows "too-few-rows": Process;
    TooManyRows "too-many-rows": Process;
    HugeLength "huge-length": Process;
    RowsUnasked "rows-unasked": Process;
    RowsOutOfRange "rows-out-of-range": Process Finish;
    RowsOddBytes "rows-odd-bytes": Process Finish;
    RowsMissing "rows-missing": Finish;
    RowsWithoutEnd "rows-without-end": Process;
    RejectOutOfRange "reject-out-of-range": Process Finish;
    RejectTwice "reject-twice": Process Finish;
    RejectAndAnswer "reject-and-answer": Process Finish;
    LongReason "long-reason": Process Finish;
    ControlReason "control-reason": Process Finish;
    HugeReasons "huge-reasons": Process Finish;

    // What goes on for ever although each call has an end.
    FinishesForever "finishes-forever": Finish;
    FinishesWithNothing "finishes-with-nothing": Finish;
    AnswersTooEarly "answers-too-early": Process;
}
