"""The JSON bodies of the vendor's documents: Producer Tasks and Producer Audios.

Values are as printed; lyrics are cut after two lines. Some strings were translated by the
publisher of the documents, which is kept, since a reader of answers must survive it.
"""

# ruff: noqa: RUF001 - Arabic letters in translated titles

from __future__ import annotations

from typing import Any

LOOKUP: dict[str, Any] = {"id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad", "action": "retrieve"}
"""The lookup of one task."""

BATCH_LOOKUP: dict[str, Any] = {
    "ids": ["1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad", "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad"],
    "action": "retrieve_batch",
}
"""The lookup of several tasks; the documents send one id twice."""

RECORD: dict[str, Any] = {
    "_id": "69541b81ff2676299ccc3b29",
    "id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad",
    "api_id": "01d96900-9f8c-41d7-814c-95c7a885ba61",
    "application_id": "920ba772-867a-48ae-8efa-9b9f94136199",
    "created_at": 1767119745.524,
    "credential_id": "eeae817d-d6ff-493e-8f88-6c62391da7c6",
    "request": {
        "action": "generate",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[Verse]\nWoke up with the sun in my eyes",
        "custom": True,
        "callback_url": "https://webhook.site/0d73431d-f833-4be4-9276-b6e1690d55c1",
    },
    "trace_id": "1da03537-4eb8-410d-b849-43f03085a3bb",
    "type": "audios",
    "user_id": "ad7afe47-cea9-4cda-980f-2ad8810e51cf",
    "response": {
        "task_id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad",
        "data": [
            {
                "id": "1dd08826-478e-43a6-868f-aff5ababac2c",
                "title": "Woke up with the sun in my eyes",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/3bff6223-fe13-4bef-973e-2cbaef430d5d/image/1dd08826-478e-43a6-868f-aff5ababac2c.jpg",
                "lyric": "[Verse]\nWoke up with the sun in my eyes",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/3bff6223-fe13-4bef-973e-2cbaef430d5d/audio/1dd08826-478e-43a6-868f-aff5ababac2c.m4a",
                "video_url": None,
                "image_id": "1dd08826-478e-43a6-868f-aff5ababac2c",
                "topic": None,
                "seed": "1490770667",
                "sound": "",
                "created_at": "2025-12-30T18:36:00.994141Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "135.2330158730159",
            }
        ],
    },
    "duration": 40.06500005722046,
    "finished_at": 1767119785.589,
}
"""The record of a task that succeeded."""

TRANSLATED: dict[str, Any] = {
    "arabic": {"title": "استيقظت مع الشمس في عيني", "lyric": "[البيت]\nاستيقظت مع الشمس في عيني"},
    "chinese": {"title": "在陽光照耀下醒來", "lyric": "[Verse]\n在陽光照耀下醒來"},
    "japanese": {"title": "太陽の光で目が覚めた", "lyric": "[Verse]\n太陽の光で目が覚めた"},
}
"""What the documents' publisher made of title and lyric in the second item of a batch."""

FETCH_FAILED: dict[str, Any] = {
    "success": False,
    "error": {"code": "api_error", "message": "fetch failed"},
    "trace_id": "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89",
}
"""An error body."""

ERROR_MESSAGES: dict[str, Any] = {
    "english": "fetch failed",
    "japanese": "取得に失敗しました",
    "chinese": "獲取失敗",
}
"""The message of that error body in each document."""

ACKNOWLEDGEMENT: dict[str, Any] = {"task_id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad"}
"""The answer to a submission with a callback_url."""

CALLBACK: dict[str, Any] = {
    "success": True,
    "task_id": "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad",
    "trace_id": "1da03537-4eb8-410d-b849-43f03085a3bb",
    "data": [
        {
            "id": "1dd08826-478e-43a6-868f-aff5ababac2c",
            "title": "在陽光下醒來",
            "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/3bff6223-fe13-4bef-973e-2cbaef430d5d/image/1dd08826-478e-43a6-868f-aff5ababac2c.jpg",
            "lyric": "[Verse]\n在陽光下醒來",
            "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/3bff6223-fe13-4bef-973e-2cbaef430d5d/audio/1dd08826-478e-43a6-868f-aff5ababac2c.m4a",
            "video_url": None,
            "image_id": "1dd08826-478e-43a6-868f-aff5ababac2c",
            "topic": None,
            "seed": "1490770667",
            "sound": "",
            "created_at": "2025-12-30T18:36:00.994141Z",
            "model": "FUZZ-2.0 Pro",
            "progress": "100%",
            "state": "succeeded",
            "duration": "135.2330158730159",
        }
    ],
}
"""What is posted to the callback_url."""

REQUESTS: dict[str, dict[str, Any]] = {
    "prompt": {"action": "generate", "model": "FUZZ-2.0 Pro", "prompt": "A song for Christmas"},
    "custom": {
        "action": "generate",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[Verse]\nWoke up with the sun in my eyes",
        "custom": True,
    },
    "cover": {
        "action": "cover",
        "model": "FUZZ-2.0 Pro",
        "lyric": "[Verse]\nWoke up with the sun in my eyes",
        "audio_id": "38d3b9e2-0dfb-4338-b2a7-15e45656ed32",
        "instrumental": False,
        "custom": True,
        "title": "Cover",
    },
    "extend": {
        "action": "extend",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[段落]\n在阳光照耀下醒来",
        "continue_at": 3,
        "audio_id": "38d3b9e2-0dfb-4338-b2a7-15e45656ed32",
        "custom": True,
        "title": "续写",
        "weirdness": 0.3,
        "sound_strength": 0.3,
        "lyrics_strength": 0.6,
    },
    "variation": {
        "action": "variation",
        "audio_id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[Verse]\nWoke up with the sun in my eyes",
        "custom": True,
    },
    "replace_section": {
        "action": "replace_section",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[Verse]\\nWoke up with the sun in my eyes",
        "audio_id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
        "replace_section_start": 3,
        "replace_section_end": 70,
        "custom": True,
    },
    "swap_instrumentals": {
        "action": "swap_instrumentals",
        "model": "FUZZ-2.0 Pro",
        "weirdness": 0.6,
        "prompt": "快樂",
        "audio_id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
    },
    "swap_vocals": {
        "action": "swap_vocals",
        "model": "FUZZ-2.0 Pro",
        "instrumental": False,
        "lyric": "[Verse]\n在陽光下醒來",
        "weirdness": 0.6,
        "lyrics_strength": 0.8,
        "audio_id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
        "custom": True,
    },
    "stems": {"action": "stems", "audio_id": "a54609c6-13e2-4176-be0f-4d7eebc68e1f"},
}
"""The body of each submission, by what it shows."""

ANSWERS: dict[str, dict[str, Any]] = {
    "prompt": {
        "success": True,
        "task_id": "82fd443a-903a-4f18-8028-12d2f8a0a4be",
        "trace_id": "d85839fa-0bb1-42da-a9fc-cd582c29027d",
        "data": [
            {
                "id": "6c947f13-a3c5-4b9c-8609-5639c37cdc2d",
                "title": "Untitled",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/a853673e-615c-42ae-bdff-16b1add94861/image/6c947f13-a3c5-4b9c-8609-5639c37cdc2d.jpg",
                "lyric": "[Instrumental]",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/a853673e-615c-42ae-bdff-16b1add94861/audio/6c947f13-a3c5-4b9c-8609-5639c37cdc2d.m4a",
                "video_url": None,
                "image_id": "6c947f13-a3c5-4b9c-8609-5639c37cdc2d",
                "topic": None,
                "seed": "2450882164",
                "sound": "A song for Christmas",
                "created_at": "2025-12-30T17:18:23.232911Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "181.3014058956916",
            }
        ],
    },
    "custom": {
        "success": True,
        "task_id": "9f58bbd4-855a-4233-ac45-b63bf9168e02",
        "trace_id": "145ad117-6ce7-42dd-af12-70751c5284fc",
        "data": [
            {
                "id": "38d3b9e2-0dfb-4338-b2a7-15e45656ed32",
                "title": "Woke up with the sun in my eyes",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/38d3b9e2-0dfb-4338-b2a7-15e45656ed32.jpg",
                "lyric": "[Verse]\nWoke up with the sun in my eyes",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/38d3b9e2-0dfb-4338-b2a7-15e45656ed32.m4a",
                "video_url": None,
                "image_id": "38d3b9e2-0dfb-4338-b2a7-15e45656ed32",
                "topic": None,
                "seed": "3789209121",
                "sound": "",
                "created_at": "2025-12-30T17:26:46.357055Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "153.80897959183673",
            }
        ],
    },
    "cover": {
        "success": True,
        "task_id": "dbca350e-6fb9-46ca-9c7e-4c1a9080806f",
        "trace_id": "a39e0fff-ced8-4b31-ae23-aef3badd90fa",
        "data": [
            {
                "id": "e52dd729-38b4-4c2f-9031-59eb7953c593",
                "title": "封面",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/e52dd729-38b4-4c2f-9031-59eb7953c593.jpg",
                "lyric": "[段落]\n在阳光照耀下醒来",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/e52dd729-38b4-4c2f-9031-59eb7953c593.m4a",
                "video_url": None,
                "image_id": "e52dd729-38b4-4c2f-9031-59eb7953c593",
                "topic": None,
                "seed": "358803418",
                "sound": "",
                "created_at": "2025-12-30T17:32:32.951948Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "成功",
                "duration": "153.0659410430839",
            }
        ],
    },
    "extend": {
        "success": True,
        "task_id": "834983cb-d62d-4750-b1aa-461da137e51f",
        "trace_id": "6923eee2-7403-432c-8bd1-e471086385b0",
        "data": [
            {
                "id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
                "title": "续写",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/d9ebc609-fb65-4a23-b914-c074747af6a4.jpg",
                "lyric": "[段落]\n[段落]",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/d9ebc609-fb65-4a23-b914-c074747af6a4.m4a",
                "video_url": None,
                "image_id": "d9ebc609-fb65-4a23-b914-c074747af6a4",
                "topic": None,
                "seed": "4294469624",
                "sound": "",
                "created_at": "2025-12-30T17:36:14.520928Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "成功",
                "duration": "173.87102040816328",
            }
        ],
    },
    "variation": {
        "success": True,
        "task_id": "3a74da6d-a37d-4b5d-b116-821f455bce39",
        "trace_id": "8e28cce0-0400-4bfd-83db-6d27f97422c7",
        "data": [
            {
                "id": "c14ca458-cd5a-4700-83d4-5249e15f2707",
                "title": "Woke up with the sun in my eyes",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/c14ca458-cd5a-4700-83d4-5249e15f2707.jpg",
                "lyric": "[Verse]\nWoke up with the sun in my eyes",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/c14ca458-cd5a-4700-83d4-5249e15f2707.m4a",
                "video_url": None,
                "image_id": "c14ca458-cd5a-4700-83d4-5249e15f2707",
                "topic": None,
                "seed": "2082104582",
                "sound": "",
                "created_at": "2025-12-30T17:48:40.135187Z",
                "model": "FUZZ-2.0",
                "progress": "100%",
                "state": "succeeded",
                "duration": "173.12798185941043",
            }
        ],
    },
    "replace_section": {
        "success": True,
        "task_id": "3cb5ae96-01b0-4a37-afb0-e582608af56f",
        "trace_id": "3ebc6f63-5093-4499-bf9b-95c239e0da4f",
        "data": [
            {
                "id": "a54609c6-13e2-4176-be0f-4d7eebc68e1f",
                "title": "在陽光下醒來",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/a54609c6-13e2-4176-be0f-4d7eebc68e1f.jpg",
                "lyric": "[Verse]\\n在陽光下醒來",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/a54609c6-13e2-4176-be0f-4d7eebc68e1f.m4a",
                "video_url": None,
                "image_id": "a54609c6-13e2-4176-be0f-4d7eebc68e1f",
                "topic": None,
                "seed": "14887454",
                "sound": "",
                "created_at": "2025-12-30T18:01:19.907443Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "174.6140589569161",
            }
        ],
    },
    "swap_instrumentals": {
        "success": True,
        "task_id": "d17d8376-3a58-451d-a976-404719bac11d",
        "trace_id": "ab596807-910a-4e30-bae2-4647895f7d0b",
        "data": [
            {
                "id": "22d7d75c-9e0a-47a8-b22b-eea55eaa0c4b",
                "title": "延伸(聲音交換)",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/22d7d75c-9e0a-47a8-b22b-eea55eaa0c4b.jpg",
                "lyric": "[Verse]\n在陽光下醒來",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/22d7d75c-9e0a-47a8-b22b-eea55eaa0c4b.m4a",
                "video_url": None,
                "image_id": "22d7d75c-9e0a-47a8-b22b-eea55eaa0c4b",
                "topic": None,
                "seed": "2157878068",
                "sound": "快樂",
                "created_at": "2025-12-30T18:09:49.594800Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "172.3849433106576",
            }
        ],
    },
    "swap_vocals": {
        "success": True,
        "task_id": "a903ac38-f129-4f85-9181-b1dc5579bd32",
        "trace_id": "9953af52-45e0-4808-bf13-88f0b21262c1",
        "data": [
            {
                "id": "7b2d653b-aaaa-41b0-b737-aee4c4c5693b",
                "title": "在陽光下醒來",
                "image_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/image/7b2d653b-aaaa-41b0-b737-aee4c4c5693b.jpg",
                "lyric": "[Verse]\n在陽光下醒來",
                "audio_url": "https://storage.googleapis.com/corpusant-app-public/riffs/7ce2b11a-179f-4b87-b5ff-397613c62c93/audio/7b2d653b-aaaa-41b0-b737-aee4c4c5693b.m4a",
                "video_url": None,
                "image_id": "7b2d653b-aaaa-41b0-b737-aee4c4c5693b",
                "topic": None,
                "seed": "2484735707",
                "sound": "",
                "created_at": "2025-12-30T18:13:01.349875Z",
                "model": "FUZZ-2.0 Pro",
                "progress": "100%",
                "state": "succeeded",
                "duration": "173.12798185941043",
            }
        ],
    },
    "stems": {
        "success": True,
        "task_id": "561ac695-b4aa-47cf-978d-fb7be2b9ebfc",
        "trace_id": "66d0d397-2987-4bde-84fb-a60d0023b217",
        "data": [
            {
                "title": "在陽光下醒來",
                "lyric": "",
                "stems_url": "https://platform.cdn.acedata.cloud/producer/561ac695-b4aa-47cf-978d-fb7be2b9ebfc.zip",
                "model": "",
                "progress": "100%",
                "state": "succeeded",
            }
        ],
    },
}
"""The synchronous answer to each submission."""


def batch_answer(title: str, lyric: str) -> dict[str, Any]:
    """Return the answer to `BATCH_LOOKUP`: one record twice, its second song translated."""
    song = {**RECORD["response"]["data"][0], "title": title, "lyric": lyric}
    second = {**RECORD, "response": {**RECORD["response"], "data": [song]}}
    return {"items": [RECORD, second], "count": 2}
