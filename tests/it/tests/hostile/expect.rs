//! What is to become of each case. No wildcard: a new case without a word here does not compile.

use stillroom::error::Blame;

use crate::cases::Case;

/// What is to become of a case.
pub(crate) enum Expect {
    /// Nothing: the guest may do that.
    Harmless,
    /// The call is ended when its time is over.
    Time,
    /// The call fails. Whose fault it is, where the error tells (`process` and `finish`), and some of its words.
    Fails(Blame, &'static str),
}

/// What is to become of a case, in every call in which it can be.
pub(crate) fn expected(case: Case) -> Expect {
    let plugin = |words| Expect::Fails(Blame::Plugin, words);
    let contract = |words| Expect::Fails(Blame::Contract, words);
    let limit = |words| Expect::Fails(Blame::Limit, words);
    match case {
        Case::Loop | Case::LoopAllocating | Case::LastWordsForever => Expect::Time,
        Case::FinishesForever | Case::FinishesWithNothing => Expect::Time,
        Case::TryAllocate | Case::LastWordsFlood => Expect::Harmless,
        Case::Panic | Case::Abort | Case::Exit => plugin("`unreachable` instruction executed"),
        // Its own stack in linear memory ends first.
        Case::StackOverflow => plugin("wasm trap: out of bounds memory access"),
        Case::SpawnThread => plugin("no thread: true"),
        Case::Allocate | Case::Hoard => limit("it asked for more memory than its limit"),
        Case::LongLastWords => plugin("aaaa"),
        Case::HugeLastWords => limit("8388608 bytes a call"),
        Case::ControlLastWords => plugin("cleared"),
        // Its words are the host's, but the blame is not.
        Case::LieThenTrap => plugin("took longer than its time limit of 9s a call"),

        Case::NoSteps => plugin("describes 0 steps"),
        Case::ManySteps => plugin("describes 1000 steps; 1 to 256 are due"),
        Case::SameStepTwice => plugin("describes two steps called `act`"),
        Case::NamelessStep | Case::LongStepName | Case::StepNameIsPath => {
            plugin("step 0: its name is not of letters, digits, `-` and `_`")
        }
        Case::LongSummary | Case::ParamsLong | Case::LongColumnName | Case::ColumnOfManyTypes => {
            plugin("step `act` says more than 65536 bytes of itself")
        }
        Case::ControlSummary | Case::ParamsNoJson => plugin("step `act` has control characters in what it says"),
        Case::ParamsNoObject | Case::ParamsDeep => plugin("schema of its parameters that is not a JSON object"),
        Case::ManyColumns => plugin("knows 5000 columns by name; 1024 are the most"),
        Case::SameColumnTwice => plugin("knows the column `n` twice"),
        Case::NamelessColumn | Case::ControlColumnName | Case::ColumnOfNoType => {
            plugin("knows a column whose name or types are empty or have control characters")
        }
        Case::HugeManifest => limit("8388608 bytes a call"),

        Case::LongFault => Expect::Fails(Blame::Data, "aaaa"),
        Case::HugeFault => limit("8388608 bytes a call"),
        Case::ControlFault => plugin("cleared"),
        Case::NestedFault => plugin("caused by"),
        Case::ParamsFaultLate => Expect::Fails(Blame::Data, "a parameter is wrong, says a batch"),

        Case::SignTwice | Case::SignNameless => contract("nameless or there twice"),
        Case::SignUnknownInput => contract("`secret`, which it was not told of"),
        Case::SignInputTwice | Case::SignManyInputs => contract("signs for the input column `n` twice"),
        Case::SignBadType => contract("is not a column type"),
        Case::SignDeepType => contract("nested more than 32 deep"),
        Case::SignWideType => contract("65536 are the most"),
        Case::SignBadDecimal => contract("the precision is 1 to 38"),
        Case::SignBadTimeZone => contract("`Nowhere/At All` is not a time zone"),
        Case::SignNegativeSize => contract("-1 is not a size"),
        Case::SignManyOutputs => contract("signs for 20000 output columns; 10000 are the most"),
        Case::SignLongName | Case::SignHiddenName => contract("control characters or more than 1024 bytes"),
        Case::SignUnknownKey => contract("`secret` that is none of its inputs"),
        Case::SignKeyTwice => contract("has the key column `n` twice"),
        Case::SignHuge => limit("8388608 bytes a call"),

        Case::ShortOffsets | Case::LongOffsets => contract("need 204"),
        Case::FallingOffsets | Case::OffsetPastEnd | Case::NegativeOffset => contract("ffset"),
        Case::BadUtf8 | Case::SplitCharacter => contract("utf-8"),
        Case::NoValidity => contract("a validity bitmap of 204 bytes for 50 values"),
        Case::ShortBitmap => contract("a validity bitmap of 0 bytes for 50 values"),
        Case::WrongNullCount => contract("50 nulls in the validity bitmap where null-count says 51"),
        Case::NullWhereNever => contract("50 nulls in a column that is signed as never null"),
        Case::NoBuffers => contract("no validity buffer"),
        Case::ManyBuffers => contract("1002 buffers after the validity where 2 are due"),
        Case::NoArrays => contract("fewer arrays than the signature needs"),
        Case::TwoArrays => contract("1 more arrays than the 1 columns"),
        Case::ManyArrays => contract("50000 more arrays than the 1 columns"),
        Case::ShortArray => contract("49 values where 50 are due"),
        Case::WrongType => contract("2 buffers after the validity where 1 are due"),
        Case::HugeOutput => limit("8388608 bytes a call"),
        Case::ListFallingOffsets => contract("ffset"),
        Case::ListShortChild => contract("0 values where at least 7 are due"),
        Case::ListWithoutChild => contract("fewer arrays than the signature needs"),
        Case::StructShortMember => contract("49 values where 50 are due"),
        Case::FixedListShort => contract("199 values where 200 are due"),
        Case::FixedListOverflow => contract("values where 107374182350 are due"),
        Case::ZeroWidth => contract("`fixed-size-binary<0>`: the size is 1 at least"),
        Case::ViewPastEnd | Case::ViewOfNoBuffer => contract("Invalid buffer index at 0"),
        Case::ViewWrongPrefix => contract("prefix"),
        Case::DictionaryPastEnd | Case::DictionaryNegative => contract("out of bounds"),
        Case::DecimalTooWide => contract("decimal"),
        Case::UnfoldingNulls | Case::UnfoldingStructs | Case::UnfoldingViews | Case::UnfoldingDictionary => {
            limit("once they are written out")
        }

        Case::TooFewRows => contract("49 rows out for 50 rows in"),
        Case::TooManyRows => contract("51 rows out for 50 rows in"),
        Case::HugeLength => contract("4294967295 rows out"),
        Case::RowsUnasked => contract("answers with `rows` where it signed for the same rows"),
        Case::RowsOutOfRange => contract("names input row 50 where there are 50"),
        Case::RowsOddBytes => contract("199 bytes long"),
        Case::RowsMissing => contract("without saying which"),
        Case::RowsWithoutEnd => limit("answers with 100000 rows; its limit is 50000 a call"),
        Case::RejectOutOfRange => contract("rejects input row 50"),
        Case::RejectTwice => contract("rejects a row twice"),
        Case::RejectAndAnswer => contract("both answers for and rejects"),
        Case::LongReason | Case::ControlReason => Expect::Harmless,
        Case::HugeReasons => limit("8388608 bytes a call"),
        Case::AnswersTooEarly => contract("answers in `finish`, not in `process`"),
    }
}
