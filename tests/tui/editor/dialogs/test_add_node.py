"""Finding a node type with a few keys, or with the mouse."""

from __future__ import annotations

from tests.tui.editor.dialogs.asking import asked

from latentgraph.graph.registry import Registry
from latentgraph.tui.editor.dialogs.add_node import AddNode, NodeChoice, node_choices

CHOICES = (
    NodeChoice("decode", "image", "Turn latents into pictures.", takes="vae (VAE), latents (Latents)"),
    NodeChoice("denoise_step", "denoise", "Take some noise out.", takes="latents (Latents)"),
    NodeChoice("encode", "text", "Run the text encoder.", gives="conditioning (Conditioning)"),
    NodeChoice("loop", "structure", "Run nodes in turns."),
)


def _names(dialog: AddNode, query: str) -> list[str]:
    return [row.id for row in dialog.rows_for(query)]


async def test_typing_and_enter_answer_with_the_best_match() -> None:
    async with asked(AddNode(CHOICES)) as dialog:
        await dialog.type("dec")
        await dialog.press("enter")
        assert dialog.answer == "decode"


async def test_the_arrows_move_the_cursor_while_one_types() -> None:
    async with asked(AddNode(CHOICES)) as dialog:
        await dialog.press("down", "down", "up", "enter")
        assert dialog.answer == "denoise_step"


async def test_a_click_answers() -> None:
    async with asked(AddNode(CHOICES)) as dialog:
        await dialog.click("encode")
        assert dialog.answer == "encode"


async def test_the_node_under_the_cursor_is_explained() -> None:
    async with asked(AddNode(CHOICES)) as dialog:
        assert "takes vae (VAE), latents (Latents)" in dialog.text
        await dialog.press("down")
        assert "takes vae" not in dialog.text
        assert "takes latents (Latents)" in dialog.text


async def test_nothing_that_matches_is_said_and_enter_does_nothing() -> None:
    async with asked(AddNode(CHOICES)) as dialog:
        await dialog.type("xyzzy")
        assert "No node matches." in dialog.text
        await dialog.press("enter")
        assert dialog.open


async def test_only_what_fits_is_offered_until_tab() -> None:
    async with asked(AddNode(CHOICES, {"encode"})) as dialog:
        assert "decode" not in dialog.text
        await dialog.press("tab")
        assert "these fit" in dialog.text
        assert dialog.place("encode").y < dialog.place("decode").y
        await dialog.click("tab only fitting")
        assert "decode" not in dialog.text


async def test_a_port_that_nothing_fits_offers_all() -> None:
    async with asked(AddNode(CHOICES, set())) as dialog:
        assert "decode" in dialog.text
        assert "tab" not in dialog.lines[-1]


def test_names_go_before_what_is_said_about_a_node() -> None:
    dialog = AddNode(CHOICES)
    assert _names(dialog, "enc") == ["encode", "denoise_step"][:1]
    assert _names(dialog, "latents") == ["decode", "denoise_step"]
    assert _names(dialog, "text run") == ["encode"]
    assert _names(dialog, "structure") == ["loop"]


def test_what_fits_goes_before_a_better_match() -> None:
    dialog = AddNode(CHOICES, {"denoise_step"})
    dialog._all = True
    assert _names(dialog, "de")[0] == "denoise_step"


def test_every_node_type_and_both_structures_are_offered() -> None:
    registry = Registry.load()
    choices = node_choices(registry)
    assert [choice.name for choice in choices][-2:] == ["loop", "workflow"]
    assert {choice.name for choice in choices} == {*registry.names(), "loop", "workflow"}
    assert all(choice.summary for choice in choices)


def test_a_name_that_only_other_types_have_finds_them_before_what_fits_and_speaks_of_it() -> None:
    dialog = AddNode(CHOICES, ["encode"])
    assert _names(dialog, "") == ["encode"]
    assert _names(dialog, "dec") == ["decode"]
    assert _names(dialog, "text") == ["encode"]
    assert _names(dialog, "enc") == ["encode"]
