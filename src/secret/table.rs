//! Every kind of credential, declared once: its name, how it begins, and the shape of what follows.

use super::shape::Shape::{self, Bearer, Jwt, Parts, PrivateKey, Run, Telegram};
use super::shape::{
    Alphabet::{Alnum, Base32, Dash, Dotted, Hex, Path, Word},
    DISCORD, SENDGRID,
};

/// One way in which a credential can begin.
pub(super) struct Row {
    pub kind: Kind,
    pub prefix: &'static str,
    pub shape: Shape,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal: $($prefix:literal $shape:expr),+;)+) => {
        /// Whose credential a string is shaped like.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Kind] = &[$(Kind::$kind),+];

            /// A short name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)+
                }
            }
        }

        /// Of two rows that begin the same way, the first that fits counts.
        pub(super) const ROWS: &[Row] = &[
            $($(Row { kind: Kind::$kind, prefix: $prefix, shape: $shape },)+)+
        ];
    };
}

// Lengths are of what follows the prefix. A prefix has three bytes at least, else the search over all of them slows down.
kinds! {
    /// Anthropic: API key, admin key, OAuth token.
    Anthropic "anthropic": "sk-ant-" Run(Dash, 80, 200);
    /// OpenAI, and those that copied its form.
    OpenAi "openai":
        "sk-proj-" Run(Dash, 40, 220), "sk-svcacct-" Run(Dash, 40, 220), "sk-admin-" Run(Dash, 40, 220), "sk-" Run(Alnum, 48, 48);
    /// OpenRouter.
    OpenRouter "openrouter": "sk-or-v1-" Run(Hex, 64, 64);
    /// DeepSeek, and those that copied its form.
    DeepSeek "deepseek": "sk-" Run(Hex, 32, 32);
    /// xAI.
    Xai "xai": "xai-" Run(Alnum, 80, 80);
    /// Groq.
    Groq "groq": "gsk_" Run(Alnum, 52, 52);
    /// Perplexity.
    Perplexity "perplexity": "pplx-" Run(Alnum, 48, 56);
    /// Replicate.
    Replicate "replicate": "r8_" Run(Alnum, 37, 37);
    /// Brave Search.
    Brave "brave": "BSA" Run(Dash, 27, 28);
    /// Tavily.
    Tavily "tavily": "tvly-" Run(Dash, 32, 60);
    /// ElevenLabs.
    ElevenLabs "elevenlabs": "sk_" Run(Hex, 48, 48);
    /// Hugging Face.
    HuggingFace "huggingface": "hf_" Run(Alnum, 34, 37);
    /// GitHub: every kind of token.
    GitHub "github":
        "ghp_" Run(Alnum, 36, 255), "gho_" Run(Alnum, 36, 255), "ghu_" Run(Alnum, 36, 255), "ghs_" Run(Alnum, 36, 255),
        "ghr_" Run(Alnum, 36, 255), "github_pat_" Run(Word, 82, 82);
    /// GitLab.
    GitLab "gitlab": "glpat-" Run(Dotted, 20, 80);
    /// Slack: tokens and webhooks.
    Slack "slack":
        "xoxb-" Run(Dash, 40, 200), "xoxp-" Run(Dash, 40, 200), "xoxa-" Run(Dash, 40, 200), "xoxs-" Run(Dash, 40, 200),
        "xapp-" Run(Dash, 40, 200), "hooks.slack.com/services/" Run(Path, 40, 60);
    /// Telegram: the token of a bot.
    Telegram "telegram-bot": ":AA" Telegram;
    /// Discord: the token of a bot made since 2022, or a webhook.
    Discord "discord-bot":
        "MTA" DISCORD, "MTE" DISCORD, "MTI" DISCORD, "MTM" DISCORD, "MTQ" DISCORD, "MTU" DISCORD,
        "discord.com/api/webhooks/" Run(Path, 80, 110);
    /// Amazon Web Services: the id of an access key.
    Aws "aws": "AKIA" Run(Base32, 16, 16), "ASIA" Run(Base32, 16, 16);
    /// Google: API key, OAuth client secret.
    Google "google-api": "AIza" Run(Dash, 35, 35), "GOCSPX-" Run(Dash, 28, 28);
    /// Stripe: keys of the live mode.
    Stripe "stripe": "sk_live_" Run(Alnum, 24, 200), "rk_live_" Run(Alnum, 24, 200);
    /// SendGrid.
    SendGrid "sendgrid": "SG." Parts(SENDGRID);
    /// DigitalOcean.
    DigitalOcean "digitalocean": "dop_v1_" Run(Hex, 64, 64);
    /// Notion.
    Notion "notion": "ntn_" Run(Alnum, 43, 50);
    /// Linear.
    Linear "linear": "lin_api_" Run(Alnum, 40, 40);
    /// Tailscale.
    Tailscale "tailscale": "tskey-" Run(Dash, 24, 80);
    /// Docker Hub.
    Docker "docker": "dckr_pat_" Run(Dash, 27, 27);
    /// npm.
    Npm "npm": "npm_" Run(Alnum, 36, 36);
    /// PyPI.
    PyPi "pypi": "pypi-AgE" Run(Dash, 50, 300);
    /// A private key in PEM.
    PrivateKeyPem "private-key": "PRIVATE KEY-----" PrivateKey;
    /// A JSON web token. What it begins with is the base64 of `{"alg":`, `{"typ":` and `{"kid":`.
    JsonWebToken "jwt": "eyJhbGciOi" Jwt, "eyJ0eXAiOi" Jwt, "eyJraWQiOi" Jwt;
    /// The token of an `Authorization` header that is none of the others.
    BearerToken "bearer": "Bearer " Bearer;
}
