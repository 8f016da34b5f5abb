"""Every reader on a small release in its format, and what each refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from data_conversion import formalisms, readers
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import frame_of, tags_of
from data_conversion.tree import Leaf, Node
from parser.transitions.system import Grammar, replay
from parser.transitions.top_down import TopDown

ASSETS = Path(__file__).parent.parent / "assets"
RELEASES = {
    "alexa": "alexa",
    "bio": "bio",
    "conll": "bio",
    "facebook_multilingual": "facebook-multilingual",
    "hwu64": "hwu64",
    "hwu64_release": "hwu64",
    "massive": "massive",
    "mix": "mix",
    "mtop": "mtop",
    "mtop_json": "mtop",
    "nlmaps": "nlmaps",
    "nlu_plus_plus": "nlu-plus-plus",
    "overnight": "overnight",
    "pizza": "pizza",
    "rasa": "rasa",
    "slurp": "slurp",
    "snips": "snips",
    "top": "top",
    "topv2": "top",
}
WORDLESS = {"mtop", "mtop_json", "nlmaps", "overnight"}
"""Releases whose trees do not hold all words of the utterance, so that these cannot be kept."""
MODES = [(name, words) for name in RELEASES for words in ("keep", "drop") if words == "drop" or name not in WORDLESS]


def examples(release: str, split: str) -> list[Example]:
    return [row.example() for row in _rows(release, split)]


def block(words: str, tags: str, intents: str) -> str:
    pairs = zip(words.split(), tags.split(), strict=True)
    return "".join(f"{word} {tag}\n" for word, tag in pairs) + intents + "\n\n"


def reasons(reader: str, file: Path) -> list[str | None]:
    """Why each row of a file is refused, None where it is not."""
    found: list[str | None] = []
    for row in readers.load(reader).read(file):
        try:
            row.example()
            found.append(None)
        except DataError as error:
            found.append(str(error))
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_the_contract(release):
    reader = readers.load(RELEASES[release])
    recognising = [name for name in readers.names() if readers.load(name).recognises(ASSETS / release)]
    assert recognising == [RELEASES[release]]
    assert reader.FORMALISM in formalisms.names()
    assert reader.WORDS in ("keep", "drop", None)
    for split in reader.files(ASSETS / release).splits:
        found = examples(release, split)
        assert found
        assert all(example.words_kept for example in found) == (release not in WORDLESS)
        assert {example.formalism for example in found} == {reader.FORMALISM}


@pytest.mark.parametrize(("release", "words"), MODES)
def test_every_row_is_converted_and_has_a_derivation(release, words, tmp_path):
    splits = readers.load(RELEASES[release]).files(ASSETS / release).splits
    convert(ASSETS / release, tmp_path / "out", words=words, strict=True)
    for split in splits:
        rows = list(readers.load("jsonl").read(tmp_path / "out" / f"{split}.jsonl"))
        assert len(rows) == len(_rows(release, split)) > 0
        for example in (row.example() for row in rows):
            childless = frozenset(node.label for node in example.tree.nodes() if not node.children)
            grammar = Grammar(words == "keep", childless)
            assert replay(TopDown(), TopDown().oracle(example.tree), example.tokens, grammar) == example.tree


@pytest.mark.parametrize(
    "file",
    [
        "alexa/en-US.json",
        "bio/train",
        "conll/train.conll",
        "facebook_multilingual/train-en.txt",
        "hwu64/trainset/lists_add.csv",
        "massive/en-US.jsonl",
        "mix/train.txt",
        "mtop/de/train.txt",
        "mtop_json/train.jsonl",
        "nlmaps/nlmaps.train.mrl",
        "nlu_plus_plus/films/fold0.json",
        "overnight/films.paraphrases.train.examples",
        "pizza/PIZZA_dev.json",
        "rasa/data/nlu.yml",
        "slurp/train.jsonl",
        "snips/PlayMusic/train_PlayMusic_full.json",
        "top/eval.tsv",
    ],
)
def test_a_single_file_is_recognised_by_its_reader_alone(file):
    recognising = [name for name in readers.names() if readers.load(name).recognises(ASSETS / file)]
    assert recognising == [RELEASES[file.partition("/")[0]]]


@pytest.mark.parametrize("name", readers.names())
def test_readers_recognise_nothing_in_a_folder_of_other_things(name, tmp_path):
    (tmp_path / "train.txt").write_text("just some text\n")
    (tmp_path / "train.json").write_text("[]")
    (tmp_path / "test").mkdir()
    assert readers.load(name).recognises(tmp_path) is None


@pytest.mark.parametrize("release", ["bio", "conll", "mix"])
def test_tags_come_back(release):
    for split in ("train", "dev", "test"):
        for row in _rows(release, split):
            tags = [line.split()[1] for line in row.text.split(" | ") if len(line.split()) == 2]
            if release == "bio":
                tags = row.text.split(" | ")[1].split()
            assert tags_of(row.example()) == [tag for tag in tags if tag == "O" or tag[1] == "-"]


def _rows(release: str, split: str):
    reader = readers.load(RELEASES[release])
    files = reader.files(ASSETS / release).splits.get(split, [])
    return [row for file in files for row in reader.read(file) if row.split in (None, split)]


def test_bio_label_with_a_hash_is_one_intent():
    assert frame_of(examples("conll", "dev")[0].tree).intents == ("weather#time",)


def test_bio_refuses_a_split_that_lacks_a_file(tmp_path):
    for split in ("train", "valid"):
        for name in ("seq.in", "seq.out", "label"):
            (tmp_path / split).mkdir(exist_ok=True)
            (tmp_path / split / name).write_text("play\n")
    (tmp_path / "train" / "label").unlink()
    with pytest.raises(DataError, match="train: label is missing: seq.in, seq.out, label go together"):
        readers.load("bio").files(tmp_path)


def test_bio_refuses_lengths_that_differ_and_bad_tags(tmp_path):
    (tmp_path / "seq.in").write_bytes(b"a b\n\nc\nd e\nf\n\xff\ng\nh\n")
    (tmp_path / "seq.out").write_bytes(b"O\n\nI-X\nO O\nO\nO\nO\n")
    (tmp_path / "label").write_bytes(b"L\n\nL\nL\n\nL\nL\n")
    first, second, third, fourth, fifth, sixth, seventh = reasons("bio", tmp_path)
    assert "2 words but 1 tags" in first and "seq.in:1" in first
    assert "continues no value" in second and "seq.in:3" in second
    assert third is None
    assert "no intent" in fourth
    assert "not UTF-8" in fifth
    assert sixth is None
    assert "differ in their number of lines" in seventh


def test_two_columns_refuse_a_line_of_three(tmp_path):
    file = tmp_path / "train.conll"
    file.write_text("# intent: A\na O O\n\n# intent: A\n")
    first, second = reasons("bio", file)
    assert "two columns are expected" in first and "train.conll:1" in first
    assert "no words" in second


def test_comments_of_two_columns_are_passed_over_and_a_hash_may_be_a_word(tmp_path):
    file = tmp_path / "train.conll"
    lines = ["# newdoc", "# intent: A", "# sent_id = 1", "call O", "# O", "5 B-number", "#music:\tO", "#x=y\tB-tag"]
    file.write_text("\n".join(lines))
    (row,) = readers.load("bio").read(file)
    assert row.example().tokens == ("call", "#", "5", "#music:", "#x=y")


def test_a_file_that_names_no_part_is_noted(tmp_path):
    for name in ("train.conll", "val.conll", "extra", "extra.conll"):
        (tmp_path / name).write_text("# intent: A\nplay O\n")
    (tmp_path / "README.conll").write_text("# What is here\n")
    (tmp_path / "more").mkdir()
    for name in ("seq.in", "seq.out", "label"):
        (tmp_path / "more" / name).touch()
    release = readers.load("bio").files(tmp_path)
    assert {split: [file.name for file in files] for split, files in release.splits.items()} == {
        "train": ["train.conll"],
        "dev": ["val.conll"],
    }
    assert release.notes == ["extra, extra.conll, more are not read: no name says train, dev or test alone"]


@pytest.mark.parametrize("release", ["facebook_multilingual", "mix", "overnight", "pizza", "slurp", "top"])
def test_a_file_of_the_same_format_is_noted_and_another_is_not(release, tmp_path):
    reader = readers.load(RELEASES[release])
    shutil.copytree(ASSETS / release, tmp_path / "in")
    (file, *_) = reader.files(tmp_path / "in").splits["train"]
    shutil.copy(file, file.with_name(f"more{file.suffix}"))
    file.with_name(f"notes{file.suffix}").write_text("what is here\n")
    more = [note for note in reader.files(tmp_path / "in").notes if "no name says" in note]
    assert more == [f"more{file.suffix} is not read: no name says train, dev or test alone"]


def test_snips_reads_the_full_files_latin_1_and_whole_values():
    release = readers.load("snips").files(ASSETS / "snips")
    assert [file.name for file in release.splits["train"]] == [
        "train_PauseMusic_full.json",
        "train_PlayMusic_full.json",
    ]
    assert len(release.notes) == 2
    pause, river, _ = examples("snips", "train")
    assert pause.tree == Node("PauseMusic", (Leaf("Pause", 0), Leaf("the", 1), Leaf("music", 2)))
    assert river.utterance == "Play folk music by The River's band?"
    assert river.tokens == ("Play", "folk", "music", "by", "The", "River", "'s", "band", "?")
    assert tags_of(river) == "O B-genre I-genre O B-artist I-artist I-artist O O".split()
    assert examples("snips", "test")[0].tokens == ("Some", "chanson", "française", ",", "please")


def test_snips_passes_over_a_byte_order_mark_and_says_where_json_breaks(tmp_path):
    file = tmp_path / "train_A_full.json"
    file.write_bytes(b'\xef\xbb\xbf{"A": [{"data": [{"text": "hi"}]}]}')
    assert reasons("snips", file) == [None]
    file.write_text('{"A": [\n {"data": [{"text": "hi"}]},\n {"data": [{"text" "hi"}]}\n]}\n')
    with pytest.raises(DataError, match=r"train_A_full\.json:3:20: not JSON"):
        reasons("snips", file)


@pytest.mark.parametrize("text", ["[]", "not json", '{"A": 1}', '{"A": {"B": 1}}'])
def test_snips_refuses_other_json(tmp_path, text):
    file = tmp_path / "train_A_full.json"
    file.write_text(text)
    with pytest.raises(DataError, match="train_A_full.json"):
        [row.example() for row in readers.load("snips").read(file)]


def test_snips_refuses_a_value_without_words(tmp_path):
    file = tmp_path / "train_A_full.json"
    file.write_text('{"A": [{"data": [{"text": "a"}, {"text": " ", "entity": "s"}]}, {"data": 3}]}')
    first, second = reasons("snips", file)
    assert "holds no word" in first
    assert "not a request" in second


def test_snips_refuses_texts_and_slots_that_are_no_strings(tmp_path):
    file = tmp_path / "train_A_full.json"
    file.write_text('{"A": [{"data": [{"text": 3}]}, {"data": [{"text": "a", "entity": {"s": 1}}]}]}')
    assert all("not a request" in reason for reason in reasons("snips", file))


def test_mix_takes_the_cut_whose_clauses_look_like_their_intents():
    whole = [" ".join(leaf.text for leaf in child.leaves()) for child in _clauses(examples("mix", "test")[3])]
    assert whole == ["play some rock and roll", "pause and wait", "turn down the lights"]
    assert [child.label for child in _clauses(examples("mix", "test")[3])] == [
        "PlayMusicIntent",
        "PauseMusicIntent",
        "TurnDownIntent",
    ]


def _clauses(example: Example) -> list[Node]:
    return [child for child in example.tree.children if isinstance(child, Node)]


def test_mix_keeps_the_order_of_the_intents_whatever_the_alphabet_says():
    last = examples("mix", "train")[-1]
    assert frame_of(last.tree).intents == ("TurnDownIntent", "PlayMusicIntent")


def test_mix_refuses_what_it_cannot_cut(tmp_path):
    file = tmp_path / "train.txt"
    rows = [("a b", "O O", "A#B"), ("a and b", "B-X I-X I-X", "A#B"), ("a", "O", "A B"), ("a", "I-X", "A")]
    file.write_text("".join(block(*row) for row in rows) + block("a " + "and a " * 60, "O " * 121, "A#B#C#D#E"))
    first, second, third, fourth, fifth = reasons("mix", file)
    assert "too few connectives" in first
    assert "too few connectives" in second
    assert "INTENT#INTENT" in third or "two columns" in third
    assert "continues no value" in fourth
    assert "too many" in fifth


def test_mix_cuts_no_clause_without_words(tmp_path):
    file = tmp_path / "train.txt"
    row = ("play x , and stop", "O B-a O O O")
    file.write_text(block(*row, "P#Q") + block(*row, "P#B#Q"))
    first, second = reasons("mix", file)
    assert first is None
    assert "3 intents, but too few connectives" in second


def test_top_reads_the_cleaned_copy_and_says_so():
    release = readers.load("top").files(ASSETS / "top")
    assert [file.name for file in release.splits["dev"]] == ["eval.clean.seq"]
    assert [file.name for file in release.splits["test"]] == ["test.tsv"]
    assert release.notes == ["dev: eval.clean.seq is read and eval.tsv is not"]


def test_top_keeps_the_utterance_where_there_is_one():
    (example,) = examples("top", "test")
    assert (example.utterance, example.tokens) == ("what's on", ("what", "'s", "on"))
    assert examples("top", "train")[0].utterance == "what 's on this weekend"


SAMPLES = ("event_train_10spis", "event_train_25spis", "event_valid_25spis", "news_train_100spis", "news_train_25spis")


@pytest.fixture
def samples(tmp_path):
    for name in SAMPLES:
        (tmp_path / f"{name}.tsv").write_text("domain\tutterance\tseqlogical\nevent\ta\t[IN:A a ]\n")
    return tmp_path


def test_top_reads_the_largest_sample_of_each_domain_and_says_so(samples):
    release = readers.load("top").files(samples)
    assert [file.stem for file in release.splits["train"]] == ["event_train_25spis", "news_train_100spis"]
    (note,) = release.notes
    assert "event_train_10spis.tsv, news_train_25spis.tsv are not" in note
    assert readers.load("top").recognises(samples)


def test_top_reads_one_sample_with_its_dev_part_and_says_so(samples):
    files = readers.load("top").files
    release = files(samples / "event_train_25spis.tsv")
    assert {split: [file.stem for file in found] for split, found in release.splits.items()} == {
        "train": ["event_train_25spis"],
        "dev": ["event_valid_25spis"],
    }
    assert release.notes == ["dev: event_valid_25spis.tsv, which stands beside event_train_25spis.tsv, is read"]
    assert list(files(samples / "event_train_10spis.tsv").splits) == ["train"]
    assert list(files(samples / "event_valid_25spis.tsv").splits) == ["dev"]
    assert [row.example().domain for row in readers.load("top").read(samples / "event_train_25spis.tsv")] == ["event"]


def test_topv2_has_the_domain_on_every_row():
    assert [example.domain for example in examples("topv2", "train")] == ["alarm", "music"]


def test_top_refuses_other_columns_and_broken_trees(tmp_path):
    file = tmp_path / "train.tsv"
    file.write_text("domain\tutterance\tsemantic_parse\n[IN:A a ]\na\ta\t[IN:A a\na\ta\t[IN:A ]\n")
    with file.open("a") as more:
        more.write("a\tplay it now\t[IN:A play it ]\n")
    first, second, third, fourth = reasons("top", file)
    assert "three columns" in first and "train.tsv:2" in first
    assert "train.tsv:3" in second
    assert "no words" in third
    assert "train.tsv:5: the tree does not hold all words of the utterance" in fourth


def test_top_knows_a_header_under_a_blank_line(tmp_path):
    file = tmp_path / "train.tsv"
    file.write_text("\ndomain\tutterance\tsemantic_parse\nmusic\tplay it\t[IN:PLAY play it ]\n")
    (example,) = (row.example() for row in readers.load("top").read(file))
    assert (example.domain, example.utterance) == ("music", "play it")


def test_overnight_has_the_domain_and_the_copied_words_on_every_row():
    train = examples("overnight", "train")
    assert [example.domain for example in train] == ["films"] * 4 + ["groceries"]
    assert (train[3].utterance, train[3].tokens) == ('the "newest" film', ("the", '"', "newest", '"', "film"))
    copied = [[leaf.text for leaf in example.tree.leaves() if leaf.position is not None] for example in train]
    assert copied == [["hall", "grand", "hall"], ["3", "10"], [], ["film"], ["sour", "milk"]]


def test_overnight_refuses_what_is_no_example(tmp_path):
    file = tmp_path / "films.train.examples"
    example = (ASSETS / "overnight" / "films.paraphrases.test.examples").read_text()
    file.write_text(
        "\n".join([";", example, example.replace("(string hall)", "hall"), example.replace('"', ""), example])
    )
    first, second, third, fourth, fifth = reasons("overnight", file)
    assert "not of the form (example" in first and "examples:1" in first
    assert second is None
    assert "expected '('" in third
    assert "not of the form (example" in fourth
    assert fifth is None


def test_nlmaps_reads_english_and_says_so_or_the_language_that_is_named():
    reader, folder = readers.load("nlmaps"), ASSETS / "nlmaps"
    assert reader.files(folder).notes == ["the questions in en are read; choose with --language: de"]
    german = reader.files(folder, language="de")
    assert german.notes == []
    (row,) = reader.read(german.splits["test"][0], language="de")
    assert row.example().utterance == "Wie weit kann ich in New Aston laufen?"
    with pytest.raises(DataError, match="no questions in fr beside it: choose from de, en"):
        reader.files(folder, language="fr")


def test_nlmaps_copies_the_words_that_the_question_has_letter_by_letter():
    first = examples("nlmaps", "train")[0]
    assert [(leaf.text, leaf.position) for leaf in first.tree.leaves()] == [
        ("New", 4),
        ("Aston", 5),
        ("bookshops", None),
        ("latlong", None),
    ]


def test_nlmaps_refuses_numbers_of_lines_that_differ_and_broken_formulas(tmp_path):
    (tmp_path / "train.en").write_text("where\n\nwhere\n")
    (tmp_path / "train.mrl").write_text("query(f(x))\nquery(f(x))\nquery(f(x)\nquery(f(x))\n")
    first, second, third, fourth = reasons("nlmaps", tmp_path / "train.mrl")
    assert first is None
    assert "no words" in second
    assert "expected" in third and "train.mrl:3" in third
    assert "differ in number" in fourth


def test_pizza_reads_the_whole_of_train_and_says_which_trees():
    release = readers.load("pizza").files(ASSETS / "pizza")
    assert [file.name for file in release.splits["train"]] == ["PIZZA_train.json"]
    assert "10_percent.json is not, a part of it" in release.notes[0]
    assert "trees are those of TOP" in release.notes[1]


def test_pizza_reads_the_entries_of_the_menu_on_demand():
    reader = readers.load("pizza")
    (file,) = reader.files(ASSETS / "pizza", columns="pizza=EXR").splits["train"]
    _, second = (row.example() for row in reader.read(file, columns="pizza=EXR"))
    assert [leaf.text for leaf in second.tree.leaves()] == ["LEMONADE", "2", "SMALL", "1", "THIN_CRUST"]
    assert second.leaves == [None, 5, None, None, None]
    with pytest.raises(DataError, match="choose pizza=TOP or pizza=EXR"):
        reader.files(ASSETS / "pizza", columns="pizza=SQL")


def test_pizza_refuses_rows_without_tree_or_words(tmp_path):
    file = tmp_path / "dev.json"
    file.write_text('{"dev.SRC": "a", "dev.TOP": 3}\n{"dev.SRC": "a", "dev.TOP": "(ORDER )"}\n[]\n')
    with file.open("a") as more:
        more.write('{"dev.SRC": "a pizza with ham", "dev.TOP": "(ORDER (PIZZAORDER (NUMBER a ) ) )"}\n')
    first, second, third, fourth = reasons("pizza", file)
    assert "the field SRC or TOP is missing" in first
    assert "no words" in second
    assert "not a JSON object" in third
    assert "dev.json:4: the tree does not hold all words of the utterance" in fourth


def test_mtop_places_leaves_where_the_annotation_says():
    ann, tonight, nested = examples("mtop", "train")
    assert (ann.id, ann.domain, ann.leaves) == ("101", "calling", [4, 1])
    assert (tonight.tokens[0], tonight.leaves) == ("what's", [2])
    assert nested.leaves == [1, 8]
    assert [example.leaves for example in examples("mtop_json", "train")] == [[3], [2, 3, 5, 6, 7]]


def test_mtop_reads_one_language():
    reader = readers.load("mtop")
    assert reader.files(ASSETS / "mtop").notes == ["read is the folder en: --language names another"]
    (file,) = reader.files(ASSETS / "mtop", language="de").splits["train"]
    assert next(reader.read(file, language="de")).example().leaves == [5, 1]
    with pytest.raises(DataError, match="no folder 'th'"):
        reader.files(ASSETS / "mtop", language="th")


def test_mtop_refuses_other_columns_and_tokens(tmp_path):
    file = tmp_path / "train.txt"
    start = "1\tIN:A\t\ta\td\ten_XX\t[IN:A ]\t"
    ends = ("\t", "[]", "{}", '{"tokens": [""], "tokenSpans": []}', '{"tokens": [], "tokenSpans": []}')
    lines = [*(f"{start}{end}" for end in ends), '{"question": " ", "logical_form": "[IN:A ]"}']
    file.write_text("\n".join(lines))
    columns, no_object, no_tokens, empty, none, blank = reasons("mtop", file)
    assert "eight columns are expected, not 9" in columns
    assert "not a JSON object" in no_object
    assert "no object with tokens and tokenSpans" in no_tokens
    assert "is empty" in empty
    assert "no words" in none and "no words" in blank


def test_jsonl_reads_what_convert_wrote(tmp_path):
    convert(ASSETS / "mix", tmp_path / "once")
    convert(tmp_path / "once", tmp_path / "twice")
    for name in ("train.jsonl", "test.jsonl", "ontology.json"):
        assert (tmp_path / "twice" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()
